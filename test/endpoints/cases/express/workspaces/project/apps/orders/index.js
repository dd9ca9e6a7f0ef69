const app = require('express')()
app.use('/v1', require('./routes/orders'))
app.listen(3002)
