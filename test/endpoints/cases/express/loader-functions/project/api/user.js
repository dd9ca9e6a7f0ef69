const route = require('express').Router()
const isAuth = require('express-jwt')({ secret: 'x' })
module.exports = function (app) {
  app.use('/users', route)
  route.get('/me', isAuth, (req, res) => res.json({}))
}
