import { Router } from 'express';
import { ProductController } from '@controllers/product.controller';
import { Routes } from '@interfaces/routes.interface';
import { AuthMiddleware, allow } from '../middlewares/auth.middleware';

export class ProductRoute implements Routes {
  public path = '/products';
  public router: Router = Router();
  public product = new ProductController();

  constructor() {
    this.addRoutes();
  }

  private addRoutes() {
    this.router.get(`${this.path}`, this.product.list);
    this.router.get(`${this.path}/:sku([A-Z0-9]+)`, this.product.show);
    this.router.post(this.path, AuthMiddleware, allow('admin'), this.product.create);
    this.router.delete(`${this.path}/:sku`, AuthMiddleware, this.product.remove);
  }
}
