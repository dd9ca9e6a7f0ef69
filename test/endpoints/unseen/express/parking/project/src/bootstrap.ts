import express, { Application, NextFunction, Request, Response } from 'express';
import { registerLots } from './lots';
import { registerVehicles } from './vehicles';
import { Payments } from './payments';
import { settings } from './shared/settings';

type Register = (app: Application, base: string) => void;

const registers: Register[] = [registerLots, registerVehicles];

export function bootstrap(): Application {
  const app = express();
  app.disable('x-powered-by');
  registers.forEach((register) => register(app, settings.base));
  app.use(settings.base, Payments.create().router);
  app.use((err: Error, req: Request, res: Response, next: NextFunction) => {
    res.status(500).end();
  });
  app.listen(settings.port);
  return app;
}
