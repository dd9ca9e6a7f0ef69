const fs = require('fs')
const path = require('path')
const express = require('express')
const app = express()

const routesPath = path.join(__dirname, 'routes')
fs.readdirSync(routesPath)
  .filter(file => file.endsWith('.js') && file !== 'index.js')
  .forEach(file => {
    const name = path.basename(file, '.js')
    app.use(`/api/${name}`, require(path.join(routesPath, file)))
  })

fs.readdirSync('./modules', { withFileTypes: true }).forEach(entry => {
  if (entry.isDirectory() && fs.existsSync(`./modules/${entry.name}/routes.js`)) {
    require(`./modules/${entry.name}/routes`)(app)
  }
})
fs.readdirSync(__dirname + '/nested').map(name => require('./nested/' + name)).forEach(r => app.use('/nested', r))
app.listen(3000)
