const r = require('express').Router()
r.get('/orders', (q, s) => s.end())
module.exports = r
