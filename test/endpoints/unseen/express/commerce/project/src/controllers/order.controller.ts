import { Request, Response } from 'express';

export default class OrderController {
  private readonly states = ['open', 'sent'];

  /**
   * Places an order.
   * @returns the order
   */
  async place(req: Request, res: Response) {
    res.json(this.states);
  }

  async cancel(req: Request, res: Response) {}

  /** All orders */
  static async all(req: Request, res: Response) {}
}
