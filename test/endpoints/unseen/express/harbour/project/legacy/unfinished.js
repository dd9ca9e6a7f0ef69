var router = require('express').Router();

router.get('/broken', function (req, res) {
  res.send({ a: [1, 2 });
