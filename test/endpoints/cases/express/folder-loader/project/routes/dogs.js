const r = require('express').Router()
r.get('/:name', (req, res) => res.end())
module.exports = r
