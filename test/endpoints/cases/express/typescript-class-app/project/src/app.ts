import express, { type Application, type Request, type Response } from 'express';
import type { Routes } from './interfaces/routes.interface';

class App {
  public app: Application;
  public readonly port: string | number;
  private prefix = '/api' as const;

  constructor(routes: Routes[]) {
    this.app = express();
    this.port = process.env.PORT ?? 3000;
    this.initializeMiddlewares();
    this.initializeRoutes(routes);
    this.status();
  }

  public listen(): void {
    this.app.listen(this.port, () => {
      console.log(`listening on ${this.port}`);
    });
  }

  private initializeMiddlewares() {
    this.app.use(express.json());
  }

  private initializeRoutes(routes: Routes[]) {
    routes.forEach(route => {
      this.app.use(this.prefix, route.router);
    });
  }

  private status = (): void => {
    this.app.get('/status', (_req: Request, res: Response) => { res.send('ok'); });
  };
}

export default App;
