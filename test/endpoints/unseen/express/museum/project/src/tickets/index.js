const router = require('express').Router()
const { buy, check } = require('./handlers')

router.post('/', buy)
router.get('/:code', check)
router.get(/^\/prices$/, (req, res) => res.json({}))

module.exports = router
