/** Not used, for the YAML says it. */
exports.list = (req, res) => res.json([])
const handlers = {
  /** From the object. */
  one (req, res) { res.end() },
  /**
   * Updates a pet
   * with what is sent.
   */
  update: async (req, res) => { res.end() },
  remove: (req, res) => res.end()
}
Object.assign(exports, handlers)

/**
 * Patches.
 */
function patch (req, res) { res.end() }
exports.patch = patch
/** Creates. */
exports.create = async function create (req, res) { res.end() }
