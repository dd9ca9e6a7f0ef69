var express = require('express');
var legacy = express();

legacy.get('/fees/:tons', function (req, res) { res.send('0'); });
legacy.use('/reports', require('./reports'));

module.exports = legacy;
