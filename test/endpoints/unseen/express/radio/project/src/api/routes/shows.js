import express from 'express';
import { call } from '#lib/controller';
import { ShowService } from '../../services/shows.js';

const service = new ShowService();

export default function register(app, { prefix = '/programmes' } = {}) {
  const router = express.Router();
  const table = [
    ['get', '/', 'list'],
    ['post', '/', 'create'],
    ['get', '/:slug', 'find'],
    ['put', '/:slug', 'update'],
    ['delete', '/:slug', 'remove'],
  ];
  for (const [verb, path, method] of table) {
    router[verb](path, call(service, method));
  }
  router.get('/:slug/episodes/:number?', call(service, 'episodes'));
  app.use(prefix, router);
}
