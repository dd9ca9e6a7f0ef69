module.exports = {
  development: { docs: true, off: false, nested: { prefix: '/nested' } },
  production: { docs: false, off: true }
}
