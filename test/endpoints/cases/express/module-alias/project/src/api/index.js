const { Router } = require('express')
const r = Router()
r.get('/i', (q, s) => s.end())
exports = module.exports = r
