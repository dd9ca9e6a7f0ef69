const { Router } = require('express')
const { celebrate, Joi } = require('celebrate')
const route = Router()
module.exports = app => {
  app.use('/auth', route)

  /** Sign up. */
  route.post('/signup', celebrate({ body: Joi.object({ name: Joi.string().required() }) }), async (req, res, next) => {
    return res.status(201).json({})
  })
  route.post('/signin', async (req, res) => res.json({}))
}
