/** The one. */
module.exports = (req, res) => res.end()
