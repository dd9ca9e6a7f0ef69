module.exports = require('express').Router().get('/rooted', (q, s) => s.end())
