require('dotenv').config()
const app = require('./src/app')
const mongoose = require('mongoose')

mongoose.connect(process.env.MONGO_URL).then(() => {
  app.listen(process.env.PORT || 5000)
})
