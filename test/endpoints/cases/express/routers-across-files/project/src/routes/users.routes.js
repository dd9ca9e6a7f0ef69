const { Router } = require('express')
const users = require('../controllers/users')
const router = Router()

// Users
router.get('/', users.list)
router.get('/:id', users.get)
router.post('/', users.create)
module.exports = router
