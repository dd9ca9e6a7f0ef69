import { resource } from '@bakery/shared';
import type { Request, Response } from 'express';
import { lines } from './lines';

const orders = {
  /** Orders of today. */
  index(req: Request, res: Response) { res.json([]); },
  /** Takes an order. */
  create: (req: Request, res: Response) => { res.status(201).end(); },
  show(req: Request, res: Response) { res.json({}); },
  /** Not among the routes. */
  destroy(req: Request, res: Response) { res.end(); },
};

export const ordersRouter = resource(orders, { except: ['destroy'] });
ordersRouter.use('/:orderId/lines', lines);
