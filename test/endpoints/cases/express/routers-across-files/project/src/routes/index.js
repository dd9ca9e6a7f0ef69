const router = require('express').Router()
const auth = require('../middleware/auth')

router.use('/users', require('./users.routes'))
router.use('/posts/', auth, require('./posts.routes'))
router.get('/health', (_req, res) => res.json({ ok: true }))
module.exports = router
