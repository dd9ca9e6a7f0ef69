const express = require('express')
const asyncHandler = require('express-async-handler')
const service = require('../services/exhibits')

const exhibits = express.Router()

/**
 * @swagger
 * tags:
 *   name: Exhibits
 *   description: What is shown
 */

/**
 * @swagger
 * /api/v1/exhibits:
 *   get:
 *     summary: Lists the exhibits
 *     description: |
 *       All of them,
 *       oldest first.
 *     tags: [Exhibits]
 *     responses:
 *       200:
 *         description: A list
 *   post:
 *     summary: Adds an exhibit
 *     tags:
 *       - Exhibits
 *       - Staff
 */
exhibits.get('/', asyncHandler(async (req, res) => res.json(await service.all())))
exhibits.post('/', asyncHandler(async (req, res) => res.status(201).json({})))

/**
 * @swagger
 * /api/v1/exhibits/{id}:
 *   get:
 *     summary: One exhibit
 *     tags: [Exhibits]
 */
exhibits.get('/:id', (req, res) => res.json({}))

/** Lends an exhibit to another museum. */
exhibits.post('/:id/loans', (req, res) => res.json({}))

// Undocumented.
exhibits.delete('/:id', (req, res) => res.json({}))

module.exports = { exhibits }
