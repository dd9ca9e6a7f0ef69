const asyncHandler = require('../middleware/async');
const Camp = require('../models/Camp');

// @desc      Get all camps
// @route     GET /api/v1/camps
// @access    Public
exports.getCamps = asyncHandler(async (req, res, next) => {
  res.status(200).json(res.advancedResults);
});

/**
 * Get a single camp.
 *
 * @param {Request} req
 */
exports.getCamp = asyncHandler(async (req, res, next) => {
  res.json(await Camp.findById(req.params.id));
});

/** Create a camp. */
exports.createCamp = asyncHandler(async (req, res, next) => {});

exports.updateCamp = asyncHandler(async (req, res, next) => {});
exports.deleteCamp = asyncHandler(async (req, res, next) => {});

/**
 * Camps within a radius.
 *
 * The distance is
 * in miles.
 */
exports.getCampsInRadius = asyncHandler(async (req, res, next) => {});

/* Not a doc comment. */
exports.campPhotoUpload = asyncHandler(async (req, res, next) => {});
