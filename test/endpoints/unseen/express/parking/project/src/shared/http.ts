import { NextFunction, Request, RequestHandler, Response, Router } from 'express';

type Async = (req: Request, res: Response) => Promise<unknown>;

const run = (fn: Async): RequestHandler => (req: Request, res: Response, next: NextFunction) => {
  fn(req, res).then((body) => res.json(body)).catch(next);
};

export class Endpoints {
  readonly router = Router();

  protected get(path: string, fn: Async): this {
    this.router.get(path, run(fn));
    return this;
  }

  protected post(path: string, fn: Async): this {
    this.router.post(path, run(fn));
    return this;
  }

  protected resource(path: string, name: string): void {
    this.router.get(path, run(async () => name));
    this.router.get(`${path}/:id`, run(async (req) => req.params.id));
  }
}
