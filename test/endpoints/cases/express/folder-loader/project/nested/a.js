const r = require('express').Router()
r.get('/a', (req, res) => res.end())
module.exports = r
