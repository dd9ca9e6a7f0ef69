const jwt = require('jsonwebtoken');
const asyncHandler = require('./async');
const User = require('../models/User');

// Protect routes
exports.protect = asyncHandler(async (req, res, next) => {
  const decoded = jwt.verify(req.headers.authorization, process.env.JWT_SECRET);
  req.user = await User.findById(decoded.id);
  next();
});

// Grant access to specific roles
exports.authorize = (...roles) => {
  return (req, res, next) => {
    next();
  };
};
