const express = require('express');
const {
  getCamps,
  getCamp,
  createCamp,
  updateCamp,
  deleteCamp,
  getCampsInRadius,
  campPhotoUpload,
} = require('../controllers/camps');
const Camp = require('../models/Camp');
const courseRouter = require('./courses');
const reviewRouter = require('./reviews');
const advancedResults = require('../middleware/advancedResults');
const { protect, authorize } = require('../middleware/auth');

const router = express.Router();

// Re-route into other resource routers
router.use('/:campId/courses', courseRouter);
router.use('/:campId/reviews', reviewRouter);

router.route('/radius/:zipcode/:distance').get(getCampsInRadius);
router.route('/:id/photo').put(protect, authorize('publisher', 'admin'), campPhotoUpload);

router
  .route('/')
  .get(advancedResults(Camp, 'courses'), getCamps)
  .post(protect, authorize('publisher', 'admin'), createCamp);

router
  .route('/:id')
  .get(getCamp)
  .put(protect, authorize('publisher', 'admin'), updateCamp)
  .delete(protect, authorize('publisher', 'admin'), deleteCamp);

module.exports = router;
