const r = require('express').Router()
r.get('/', (req, res) => res.end())
module.exports = r
