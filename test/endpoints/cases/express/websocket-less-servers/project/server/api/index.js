const { Router } = require('express')
module.exports = Router()
  .use('/cars', require('./cars'))
  .get('/', (req, res) => res.end())
