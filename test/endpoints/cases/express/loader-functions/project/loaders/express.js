const config = require('../config')
const routes = require('../api')
module.exports = ({ app }) => {
  app.get('/status', (req, res) => res.status(200).end())
  app.head('/status', (req, res) => res.status(200).end())
  app.use(config.api.prefix, routes())
}
