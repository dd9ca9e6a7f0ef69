module.exports = function two (req, res) { res.end() }
