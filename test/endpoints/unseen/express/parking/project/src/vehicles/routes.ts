import { Application, Request, Response, Router } from 'express';
import { KINDS, Vehicle } from './types';

function routerFor(kind: (typeof KINDS)[number]): Router {
  const router = Router();
  router.get('/', (req: Request, res: Response<Vehicle[]>) => {
    res.json([]);
  });
  router.post('/:plate/park', (req, res) => {
    res.json({ kind });
  });
  if (kind !== 'bikes') {
    router.post('/:plate/tow', (req, res) => res.end());
  }
  return router;
}

export function registerVehicles(app: Application, base: string) {
  for (let i = 0; i < KINDS.length; i += 1) {
    app.use([base, 'vehicles', KINDS[i]].join('/'), routerFor(KINDS[i]));
  }
}
