'use strict'
const express = require('express')
const swaggerUi = require('swagger-ui-express')
const swaggerJsdoc = require('swagger-jsdoc')
const { api } = require('./api')
const constants = require('./constants')

const app = express()
const specs = swaggerJsdoc({ definition: { openapi: '3.0.0', info: { title: 'Museum', version: '1' } }, apis: ['./src/**/*.js'] })

app.use('/api-docs', swaggerUi.serve, swaggerUi.setup(specs))
app.use(constants.ROOT, api)
app.use(['/tickets', '/billets'], require('./tickets'))

/**
 * @openapi
 * /version:
 *   get:
 *     summary: Which version runs
 *     tags: [Meta]
 */
app.get('/version', (req, res) => res.json({}))

if (require.main === module) app.listen(8080)
module.exports = app
