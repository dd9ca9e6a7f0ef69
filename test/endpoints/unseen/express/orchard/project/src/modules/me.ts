import { Router } from 'express';

const me = Router();
me.get('/me', (_req, res) => { res.json({}); });
me.patch('/me', (_req, res) => { res.json({}); });

export default me;
