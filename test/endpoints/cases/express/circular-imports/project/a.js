const index = require('./index')
const b = require('./b')
exports.name = 'a'
index.app.get(`${index.prefix}/${b.name}/${b.later()}`, (req, res) => res.end())
