const ok = (req, res) => res.end()
const check = (req, res, next) => next()
module.exports = {
  routes: [
    { path: '/', handlers: [ok] },
    { method: 'post', path: '/login', handlers: [check, ok] },
    { method: 'delete', path: '/session/:sid', handlers: [[check, check], ok] }
  ],
  resources: { Books: ['list', 'create'], Authors: ['list'] }
}
