import { RequestHandler } from 'express';

export const only = (role: string): RequestHandler => (req, res, next) => (role ? next() : res.sendStatus(403));
