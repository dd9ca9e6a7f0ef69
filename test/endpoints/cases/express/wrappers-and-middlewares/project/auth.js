exports.protect = (req, res, next) => next()
exports.authorize = (...roles) => (req, res, next) => roles.includes(req.role) ? next() : res.end()
exports.session = require('express-session')({ secret: 'x' })
