const express = require('express');
const {
  getTrails,
  getTrail,
  createTrail,
  updateTrail,
  deleteTrail,
  nearby,
  trailPhotoUpload,
} = require('../controllers/trails');
const Trail = require('../models/Trail');
const stageRouter = require('./stages');
const reviewRouter = require('./reviews');
const paged = require('../middleware/paged');
const { protect, authorize } = require('../middleware/auth');

const router = express.Router();

router.use('/:trailId/stages', stageRouter);
router.use('/:trailId/reviews', reviewRouter);

router.route('/near/:postcode/:distance').get(nearby);
router.route('/:id/photo').put(protect, authorize('ranger', 'admin'), trailPhotoUpload);

router
  .route('/')
  .get(paged(Trail, 'stages'), getTrails)
  .post(protect, authorize('ranger', 'admin'), createTrail);

router
  .route('/:id')
  .get(getTrail)
  .put(protect, authorize('ranger', 'admin'), updateTrail)
  .delete(protect, authorize('ranger', 'admin'), deleteTrail);

module.exports = router;
