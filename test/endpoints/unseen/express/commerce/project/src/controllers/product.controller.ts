import { Request, Response } from 'express';
import { BaseController } from './base.controller';

interface Product {
  sku: string;
}

export class ProductController extends BaseController<Product> {
  constructor() {
    super('product');
  }

  /** Creates a product. */
  public create = async (req: Request, res: Response) => {
    res.status(201).json(req.body as Product);
  };

  public remove = async (req: Request<{ sku: string }>, res: Response) => {
    res.status(204).send();
  };
}
