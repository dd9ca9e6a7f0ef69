const express = require('express')
const app = express()
const env = process.env.NODE_ENV || 'development'
const config = require('./config')[env]
const ok = (req, res) => res.end()
if (env === 'development') app.get('/dev', ok)
else app.get('/prod', ok)
if (process.env.NODE_ENV === 'production') {
  app.use(express.static('client/build'))
  app.get('*', ok)
}
process.env.FEATURE && app.get('/feature', ok)
config.docs && app.use('/docs', express.Router().get('/', ok))
const prefix = config.nested?.prefix ?? '/none'
app.get(`${prefix}/q`, ok)
app.get(config?.missing?.deep ?? '/default', ok)
let optional
try {
  optional = require('./not-there')
} catch (e) {
  optional = { path: '/fallback' }
} finally {
  app.get('/finally', ok)
}
app.get(optional.path, ok)
function guard () {
  if (config.off) return
  app.get('/guarded', ok)
}
guard()
const { a = '/a', b: { c = '/c' } = {}, ...rest } = { d: '/d' }
app.get(a, ok)
app.get(c, ok)
app.get(rest.d, ok)
if (require.main === module) app.listen(3000)
module.exports = { app }
