import type { Application } from 'express';
import { Router } from 'express';
import { LotController } from './controller';
import { only } from './guards';

export const registerLots = (app: Application, base: string): void => {
  const controller = new LotController();
  const router = Router();
  router
    .get('/', controller.list.bind(controller))
    .get('/:lotId', controller.show.bind(controller))
    .put('/:lotId/gate/:gate?', only('guard'), controller.gate.bind(controller));
  app.use(`${base}/lots`, router);
};
