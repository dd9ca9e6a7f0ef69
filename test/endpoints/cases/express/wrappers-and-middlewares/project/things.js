const asyncHandler = require('express-async-handler')
/** Upload a file. */
exports.upload = asyncHandler(async (req, res) => res.end())
exports.register = asyncHandler(async (req, res) => res.end())
exports.admin = (req, res) => res.end()
