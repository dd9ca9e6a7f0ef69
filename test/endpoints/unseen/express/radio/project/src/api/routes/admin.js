import { Router } from 'express';

export const enabled = true;
export const router = Router();

const actions = { restart: 'post', logs: 'get', 'cache/clear': 'post' };

Object.entries(actions).forEach(([name, verb]) => {
  router[verb](`/${name}`, (req, res) => res.json({ name }));
});
