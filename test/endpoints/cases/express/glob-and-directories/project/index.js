const path = require('path')
const fs = require('fs')
const express = require('express')
const app = express()

const walk = dir => fs.readdirSync(dir).reduce((files, name) => {
  const full = path.join(dir, name)
  return fs.statSync(full).isDirectory() ? files.concat(walk(full)) : files.concat(full)
}, [])

walk(path.resolve(__dirname, 'api')).forEach(file => {
  if (!/\.route\.js$/.test(file)) return
  const url = '/' + path.relative(path.join(__dirname, 'api'), file).replace('.route.js', '').split(path.sep).join('/')
  app.use(url, require(file))
})
const handlers = {}
for (const file of fs.readdirSync(path.join(__dirname, 'handlers'))) {
  const { name } = path.parse(file)
  handlers[name] = require(`./handlers/${name}`)
}
Object.keys(handlers).forEach(name => app.get('/h/' + name, handlers[name]))
const settings = JSON.parse(fs.readFileSync(path.join(__dirname, 'settings.json'), 'utf8'))
settings.pages.forEach(p => app.get(p, (req, res) => res.end()))
app.listen(3000)
