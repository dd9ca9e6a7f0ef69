import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Gives what an async handler throws to next. */
export function asyncWrapper(handler: RequestHandler): RequestHandler {
  return async (req: Request, res: Response, next: NextFunction) => {
    try {
      await handler(req, res, next);
    } catch (error) {
      next(error);
    }
  };
}
