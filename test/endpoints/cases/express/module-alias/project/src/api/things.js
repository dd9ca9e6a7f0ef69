module.exports = require('express').Router().get('/things', (q, s) => s.end())
