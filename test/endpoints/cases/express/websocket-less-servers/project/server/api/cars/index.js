const router = module.exports = require('express').Router()
router.param('id', (req, res, next, id) => next())
router.get('/:id', (req, res) => res.end())
