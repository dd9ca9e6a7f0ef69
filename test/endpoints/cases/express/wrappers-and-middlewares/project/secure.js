module.exports = require('express').Router().get('/s', (q, s) => s.end())
