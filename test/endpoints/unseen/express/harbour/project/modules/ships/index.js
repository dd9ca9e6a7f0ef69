const handlers = require('./handlers');

exports.versions = ['v1', 'v2'];

exports.setup = (router) => {
  router.get('/', handlers.index);
  router.get('/:imo', handlers.show);
  router.post('/:imo/position', handlers.position);
  router.get('/:imo.json', handlers.show);
};
