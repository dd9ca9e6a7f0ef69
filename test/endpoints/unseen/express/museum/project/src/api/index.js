const { Router } = require('express')
const { EXHIBITS, ROOM } = require('../constants')
const { exhibits } = require('./exhibits')
const rooms = require('./rooms')

const api = new Router()
const guarded = Router()

guarded.use((req, res, next) => next())
guarded.use(EXHIBITS, exhibits)
guarded.use(ROOM, rooms)
api.use(guarded)

exports.api = api
