import express, { Router, RequestHandler } from 'express';
type Verb = 'get' | 'post';
interface Row { verb: Verb; path: string; handler: RequestHandler }
const rows = [
  { verb: 'get', path: '/rows', handler: (req, res) => { res.end(); } },
  { verb: 'post', path: '/rows', handler: (req, res) => { res.end(); } },
] satisfies Row[];
const router: Router = express.Router();
for (const { verb, path, handler } of rows) router[verb](path, handler as RequestHandler);
export default router;
