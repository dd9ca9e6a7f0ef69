const expressLoader = require('./express')
const db = require('./db')
module.exports = async ({ expressApp }) => {
  const connection = await db()
  await expressLoader({ app: expressApp, connection })
}
