const express = require('express')
const util = require('util')
const app = express()
const ok = (req, res) => res.end()

function Base () { this.router = express.Router() }
Base.prototype.add = function (path) { this.router.get(path, ok); return this }
function Child () { Base.call(this); this.add('/child') }
util.inherits(Child, Base)
app.use(new Child().add('/more').router)

class Shape {
  static kinds = ['round', 'flat']
  static #made = 0
  static make (app) { Shape.#made++; return new this(app) }
  #path = '/shape'
  constructor (app) { this.app = app; this.init() }
  get path () { return this.#path }
  set path (v) { this.#path = v }
  init () { for (const k of Shape.kinds) this.app.get(`${this.path}/${k}`, ok) }
}
class Square extends Shape {
  init () { super.init(); this.path = '/square'; this.app.get(this.path, ok) }
}
Square.make(app)

const curry = method => path => (...handlers) => app[method](path, ...handlers)
curry('post')('/curried')(ok, ok)
const get = app.get.bind(app)
get('/bound', ok)
app.put.apply(app, ['/applied', ok])
app.patch.call(app, '/called', ok)
;(function iife (root) { root.get('/iife', ok) })(app)
hoisted('/hoisted')
function hoisted (path = '/x') { arguments.length === 1 && app.get(path, ok) }
function * paths () { yield '/g1'; yield * ['/g2', '/g3'] }
for (const p of paths()) app.get(p, ok)
const add = { to (target) { target.get('/method', ok); return this }, ['comp' + 'uted'] () { app.get('/computed', ok) } }
add.to(app).computed()
const settings = Object.freeze({ ...{ base: '/spread' }, list: [...'ab'] })
settings.list.forEach(c => app.get(`${settings.base}/${c}`, ok))
module.exports = app
