import { NextFunction, Request, Response } from 'express';

export const AuthMiddleware = async (req: Request, res: Response, next: NextFunction) => next();
export const allow = (...roles: string[]) => (req: Request, res: Response, next: NextFunction) => next();
