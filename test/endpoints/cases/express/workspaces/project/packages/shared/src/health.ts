import { Router } from 'express';
export const healthRouter = Router();
healthRouter.get('/health', (_q, s) => { s.end(); });
