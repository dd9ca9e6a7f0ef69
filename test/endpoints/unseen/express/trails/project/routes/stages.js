const express = require('express');
const factory = require('../controllers/factory');
const Trail = require('../models/Trail');
const { protect, authorize } = require('../middleware/auth');

const router = express.Router({ mergeParams: true });

router.route('/').get(factory.list(Trail)).post(protect, authorize('ranger'), factory.create(Trail));
router.route('/:id').get(factory.one(Trail)).put(protect, factory.update(Trail)).delete(protect, factory.remove(Trail));

module.exports = router;
