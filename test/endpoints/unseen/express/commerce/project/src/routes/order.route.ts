import express from 'express';
import { Routes } from '@interfaces/routes.interface';
import OrderController from '@controllers/order.controller';
import { Paths } from './paths';

export class OrderRoute implements Routes {
  readonly router = express.Router();
  private readonly controller = new OrderController();

  constructor() {
    const { controller: c } = this;
    const orders = express.Router();
    orders.post('/', c.place.bind(c));
    orders.get('/', OrderController.all);
    orders.patch('/:id/cancel', c.cancel.bind(c));
    orders.get(Paths.Invoice, (req, res) => void res.download('invoice.pdf'));
    this.router.use(Paths.Orders, orders);
  }
}
