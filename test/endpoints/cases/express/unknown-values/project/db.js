const Sequelize = require('sequelize')
const sequelize = new Sequelize('sqlite::memory:')
const events = new (require('events'))()
module.exports = { sequelize, on: (name, f) => events.on(name, f) }
setTimeout(() => events.emit('ready'), 1)
