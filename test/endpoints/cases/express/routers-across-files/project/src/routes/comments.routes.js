const router = require('express').Router({ mergeParams: true })
router.get('/', (req, res) => res.json([]))
router.post('/', (req, res) => res.end())
router.delete('/:commentId(\\d+)', (req, res) => res.end())
module.exports = router
