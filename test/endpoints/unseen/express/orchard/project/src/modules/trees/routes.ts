import { define } from '~/http/route.js';
import { validate } from '~/http/validate.js';
import * as handlers from './handlers.js';
import { tree } from './schema.js';
import { Season } from './service.js';

const router = define(
  { verb: 'get', path: '/', handler: handlers.all },
  { verb: 'post', path: '/', guards: [validate(tree)], handler: handlers.plant },
  { verb: 'delete', path: '/:id', handler: handlers.fell },
);

Object.values(Season).forEach((season) => {
  router.get(`/in/${season}`, (_req, res) => { res.json([]); });
});

export default router;
