const r = require('express').Router()
module.exports = r
r.post('/', (req, res) => res.end())
