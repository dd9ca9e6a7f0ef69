const rooms = require('express').Router({ mergeParams: true })

/**
 * What hangs in a room.
 *
 * Walls are numbered clockwise.
 */
rooms.get('/walls', list)
rooms.get('/walls/:wall', (req, res) => {})

/**
 * Never shown: the call has a comment of its own.
 */
function list (req, res) {
  res.json([])
}

/** Turns the light on or off. */
function light (req, res) {}

rooms.route('/light').put(light).delete(light)

module.exports = rooms
