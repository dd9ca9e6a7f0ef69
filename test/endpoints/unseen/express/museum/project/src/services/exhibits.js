const db = require('knex')({ client: 'pg' })

exports.all = () => db('exhibits').select()
