/**
 * List the users.
 * @param {Request} req
 */
exports.list = (req, res) => res.json([])

/** Get one user. */
const get = async (req, res) => res.json({})
exports.get = get

// Not a JSDoc comment.
exports.create = function (req, res) { res.end() }
