var createError = require('http-errors');
var express = require('express');
var path = require('path');
var fs = require('fs');
var cookieParser = require('cookie-parser');
var logger = require('morgan');

var app = express();

app.set('views', path.join(__dirname, 'views'));
app.set('view engine', 'jade');
app.use(logger('dev'));
app.use(express.json());
app.use(cookieParser());

require('./routes')(app, path.join(__dirname, 'modules'));

app.use('/legacy', require('./legacy'));

fs.readdirSync(path.join(__dirname, 'hooks'))
  .filter(function (file) { return file.slice(-3) === '.js' && file !== 'index.js'; })
  .forEach(function (file) {
    var hook = require(path.join(__dirname, 'hooks', file));
    app.post('/hooks/' + path.basename(file, '.js'), hook);
  });

app.use(function (req, res, next) {
  next(createError(404));
});

module.exports = app;
