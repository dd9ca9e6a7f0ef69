import { Router } from 'express';

export const lines: Router = Router({ mergeParams: true });

lines
  .get('/', (_, res) => { res.json([]); })
  .post('/', (_, res) => { res.json({}); });
lines.param('lineId', (req, res, next) => next());
lines.delete('/:lineId', (_, res) => { res.end(); });
