const router = require('express').Router({ mergeParams: true });
const factory = require('../controllers/factory');
const User = require('../models/User');
const { protect } = require('../middleware/auth');

/**
 * Reviews, newest first.
 */
router.get('/', factory.list(User));
router.post('/', protect, factory.create(User));
router.all('/:id/flag', protect, (req, res) => res.end());

module.exports = router;
