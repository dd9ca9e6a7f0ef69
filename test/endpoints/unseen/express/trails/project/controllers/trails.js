const guarded = require('../middleware/guarded');
const Trail = require('../models/Trail');

// Everybody may see them.
exports.getTrails = guarded(async (req, res, next) => {
  res.status(200).json(res.paged);
});

/**
 * Get a single trail.
 *
 * @param {Request} req
 */
exports.getTrail = guarded(async (req, res, next) => {
  res.json(await Trail.findById(req.params.id));
});

/** Create a trail. */
exports.createTrail = guarded(async (req, res, next) => {});

exports.updateTrail = guarded(async (req, res, next) => {});
exports.deleteTrail = guarded(async (req, res, next) => {});

/**
 * Trails within a radius.
 *
 * The distance is
 * in miles.
 */
exports.nearby = guarded(async (req, res, next) => {});

/* Not a doc comment. */
exports.trailPhotoUpload = guarded(async (req, res, next) => {});
