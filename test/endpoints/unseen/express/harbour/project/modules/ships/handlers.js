/** Ships in the harbour. */
function index(req, res) {
  res.json([]);
}

/**
 * One ship.
 *
 * By its IMO number.
 */
const show = (req, res) => res.json({});

exports.index = index;
exports.show = show;
exports.position = function (req, res) { res.end(); };
