import { Router, type RequestHandler } from 'express';

export type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface Definition {
  verb: Verb;
  path: string;
  guards?: RequestHandler[];
  handler: RequestHandler;
}

export const define = (...definitions: Definition[]): Router => {
  const router = Router();
  definitions.forEach(({ verb, path, guards = [], handler }) => router[verb](path, ...guards, handler));
  return router;
};
