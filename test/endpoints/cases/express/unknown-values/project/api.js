const router = require('express').Router()
const Joi = require('joi')
const schema = Joi.object({ a: Joi.string() })
router.post('/validated', (req, res, next) => { const { error } = schema.validate(req.body); error ? next(error) : res.end() })
module.exports = router
