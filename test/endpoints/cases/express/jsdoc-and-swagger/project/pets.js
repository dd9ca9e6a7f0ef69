const router = require('express').Router()
const wrap = require('./wrap')
const h = require('./handlers')

/**
 * @swagger
 * tags:
 *   name: Pets
 */

/**
 * @swagger
 * /pets:
 *   get:
 *     summary: "All pets"
 *     tags:
 *       - Pets
 *     responses:
 *       200:
 *         description: A list
 *   post:
 *     summary: Add a pet
 *     description: |
 *       Adds it.
 *         - now
 *     tags: [Pets]
 */
router.get('/', h.list)
router.get('/:id', h.one)

/**
 * Remove a pet.
 *
 * For good.
 * @route DELETE /api/pets/:id
 * @access private
 */
router.delete('/:id', wrap(h.remove))

/* Only a comment. */
router.put('/:id', wrap(h.update))
router.patch('/:id', /** inside */ h.patch)

// line
router.post('/', h.create)
/** Trailing */
module.exports = router
