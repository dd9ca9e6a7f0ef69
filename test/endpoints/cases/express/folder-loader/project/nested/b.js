const r = require('express').Router()
r.get('/b', (req, res) => res.end())
module.exports = r
