const express = require('express');
const factory = require('../controllers/factory');
const User = require('../models/User');
const { protect, authorize } = require('../middleware/auth');

const router = express.Router();

router.use(protect);
router.use(authorize('admin'));

router.get('/', factory.list(User));
router.post('/', factory.create(User));
router.get('/:id', factory.one(User));
router.put('/:id', factory.update(User));
router.delete('/:id', factory.remove(User));

module.exports = router;
