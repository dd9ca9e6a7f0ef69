const express = require('express');
const factory = require('../controllers/factory');
const Camp = require('../models/Camp');
const { protect, authorize } = require('../middleware/auth');

const router = express.Router({ mergeParams: true });

router.route('/').get(factory.list(Camp)).post(protect, authorize('publisher'), factory.create(Camp));
router.route('/:id').get(factory.one(Camp)).put(protect, factory.update(Camp)).delete(protect, factory.remove(Camp));

module.exports = router;
