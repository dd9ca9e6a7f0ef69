const express = require('express')
const { routes, resources } = require('./table')
const app = express()
const methods = { list: 'get', create: 'post' }

routes.forEach(({ method = 'get', path, handlers }) => app[method](path, ...handlers))

for (const [name, actions] of Object.entries(resources)) {
  const router = express.Router()
  for (const action of actions) {
    router[methods[action]]('/', (req, res) => res.end())
  }
  app.use(`/${name.toLowerCase()}`, router)
}

const versions = ['v1', 'v2']
versions.map(v => `/api/${v}`).forEach((prefix, i) => {
  app.get(prefix + '/info', (req, res) => res.end())
  if (i === 0) app.get([prefix, 'old'].join('/'), (req, res) => res.end())
})

for (let i = 0; i < 3; i++) {
  app.get('/page' + i, (req, res) => res.end())
}

const registry = new Map([['cats', 2], ['dogs', 0]])
registry.forEach((count, kind) => {
  if (count > 0) app.get(`/${kind}/count`, (req, res) => res.end())
})
;['x', 'y'].reduce((a, name) => a.get('/reduce/' + name, (req, res) => res.end()), app)
app.get(['/one', '/two/:id'], (req, res) => res.end())
app.use(['/m1', '/m2'], express.Router().get('/z', (req, res) => res.end()))

let n = 0
while (true) {
  if (n++ > 1) break
  app.delete(`/w${n}`, (req, res) => res.end())
}
switch ('b') {
  case 'a': app.get('/switch-a', (req, res) => res.end()); break
  case 'b': app.get('/switch-b', (req, res) => res.end())
  // falls through
  default: app.get('/switch-default', (req, res) => res.end())
}
app.listen(3000)
