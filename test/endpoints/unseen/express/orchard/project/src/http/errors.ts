import type { ErrorRequestHandler, RequestHandler } from 'express';

export const notFound: RequestHandler = (_req, res) => { res.status(404).end(); };
export const onError: ErrorRequestHandler = (error, _req, res, _next) => { res.status(500).end(); };
