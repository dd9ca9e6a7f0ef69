import 'reflect-metadata';
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import helmet from 'helmet';
import { API_PREFIX, PORT } from '@config';
import type { Routes } from '@interfaces/routes.interface';
import { ErrorMiddleware } from './middlewares/error.middleware';

export class App {
  public app: express.Application;
  public port: string | number;

  constructor(routes: Routes[]) {
    this.app = express();
    this.port = PORT || 3000;

    this.useMiddlewares();
    this.mount(routes);
    this.app.use(ErrorMiddleware);
  }

  public listen(): void {
    this.app.listen(this.port, () => {
      console.log(`listening on ${this.port}`);
    });
  }

  public server() {
    return this.app;
  }

  private useMiddlewares() {
    this.app.use(cors({ origin: '*' }));
    this.app.use(helmet(), compression());
    this.app.use(express.json());
  }

  private mount(routes: Routes[]) {
    routes.forEach(route => {
      this.app.use(`${API_PREFIX}`, route.router);
    });
  }
}
