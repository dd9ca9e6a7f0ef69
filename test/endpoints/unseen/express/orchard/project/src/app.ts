import express, { type Express, type Router } from 'express';
import { BASE } from './env.js';
import { modules } from './modules/index.js';
import { notFound, onError } from './http/errors.js';

export async function buildApp(): Promise<Express> {
  const app = express();
  app.use(express.json());
  for (const { path, load } of modules) {
    const { default: router } = (await load()) as { default: Router };
    app.use(`${BASE}${path}`, router);
  }
  app.get('/assets/*file', (req, res) => { res.sendFile('x'); });
  app.use(notFound);
  app.use(onError);
  return app;
}
