import type { Request, Response, NextFunction, RequestHandler } from 'express';
export const notFound = (_req: Request, res: Response): void => { res.status(404).end(); };
export const validate = (schema: unknown): RequestHandler => (_req, _res, next) => next();
export const catchAsync = (fn: (req: Request, res: Response, next: NextFunction) => Promise<void>): RequestHandler => (req, res, next) => { Promise.resolve(fn(req, res, next)).catch((err) => next(err)); };
