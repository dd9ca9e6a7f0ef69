const app = exports.app = require('express')()
exports.prefix = '/p'
require('./a')
app.listen(3000)
