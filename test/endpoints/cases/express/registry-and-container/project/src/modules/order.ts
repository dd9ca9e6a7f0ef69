import { Router } from 'express';
export default class OrderModule {
  private router = Router();
  constructor(private c: any) {
    ([['get', '/orders'], ['post', '/orders']] as const).forEach(([m, p]) => this.router[m](p, this.handle));
  }
  handle = (req: any, res: any) => res.end();
  register = (app: any) => { app.use(this.c.get('prefix'), this.router); };
}
