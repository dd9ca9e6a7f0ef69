const router = require('express').Router()
router.get('/draft', (req, res => res.json({)
module.exports = router
