const r = require('express').Router()
r.get('/', (q, s) => s.end())
module.exports = r
