module.exports = require('express').Router().get('/', (q, s) => s.end())
