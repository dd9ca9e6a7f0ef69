import { resource } from '@bakery/shared';
import { Request, Response } from 'express';

class Customers {
  /**
   * Customers by name.
   */
  index = async (req: Request, res: Response) => { res.json([]); };

  show = async (req: Request, res: Response) => { res.json({}); };
}

export const customersRouter = resource(new Customers());
