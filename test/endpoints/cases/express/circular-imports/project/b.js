const a = require('./a')
exports.name = 'b' + (a.name || '')
exports.later = () => a.name
