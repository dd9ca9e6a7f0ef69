const r = require('express').Router()
r.get('/cyclic', (req, res) => res.end())
module.exports = () => r
