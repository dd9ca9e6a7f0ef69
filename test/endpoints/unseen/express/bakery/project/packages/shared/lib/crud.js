const express = require('express');

const ACTIONS = {
  index: { method: 'get', path: '/' },
  create: { method: 'post', path: '/' },
  show: { method: 'get', path: '/:id' },
  update: { method: 'patch', path: '/:id' },
  destroy: { method: 'delete', path: '/:id' },
};

/** Makes a router of those actions that a controller has. */
function resource(controller, { only, except = [], middleware = [] } = {}) {
  const router = express.Router({ mergeParams: true });
  Object.keys(ACTIONS)
    .filter((name) => typeof controller[name] === 'function')
    .filter((name) => !only || only.includes(name))
    .filter((name) => !except.includes(name))
    .forEach((name) => {
      const { method, path } = ACTIONS[name];
      router[method](path, ...middleware, controller[name]);
    });
  return router;
}

exports.resource = resource;
