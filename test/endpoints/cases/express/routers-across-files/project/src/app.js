const express = require('express')
const cors = require('cors')
const routes = require('./routes')
const app = express()
app.use(cors())
app.use(express.urlencoded({ extended: false }))
app.use('/api/v1', routes)
app.use((req, res) => res.status(404).end())
module.exports = app
