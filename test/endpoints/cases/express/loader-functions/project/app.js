const express = require('express')

async function startServer () {
  const app = express()
  await require('./loaders')({ expressApp: app })
  app.listen(4000, err => {
    if (err) { process.exit(1) }
  })
}
startServer()
