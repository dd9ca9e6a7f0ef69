const jwt = require('jsonwebtoken');
const guarded = require('./guarded');
const User = require('../models/User');

exports.protect = guarded(async (req, res, next) => {
  const decoded = jwt.verify(req.headers.authorization, process.env.JWT_SECRET);
  req.user = await User.findById(decoded.id);
  next();
});

exports.authorize = (...roles) => {
  return (req, res, next) => {
    next();
  };
};
