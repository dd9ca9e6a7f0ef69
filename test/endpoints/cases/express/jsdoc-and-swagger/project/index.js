const express = require('express')
const app = express()
app.use('/api/pets', require('./pets'))
app.listen(3000)

/**
 * @openapi
 * /api/pets/{id}:
 *   get:
 *     summary: One pet
 *     description: >
 *       Finds a pet
 *       by its number.
 *     tags: [Pets, "Read only"]
 *     parameters:
 *       - in: path
 *         name: id
 *         schema: { type: integer }
 */
