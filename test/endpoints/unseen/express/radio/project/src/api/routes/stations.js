import { Router } from 'express';
import { celebrate, Joi } from 'celebrate';
import middlewares from '../middlewares/index.js';

const route = Router();

export default (app) => {
  app.use('/stations', route);

  /**
   * All stations
   *
   * Sorted by frequency.
   */
  route.get('/', middlewares.isAuth, async (req, res) => res.json([]));

  route.post(
    '/',
    celebrate({ body: Joi.object({ name: Joi.string().required() }) }),
    async (req, res, next) => res.status(201).end(),
  );

  /** On air now */
  route.get('/:id/now', middlewares.attachUser, (req, res) => res.json({}));

  route.route('/:id').get((req, res) => res.json({})).delete(middlewares.isAuth, (req, res) => res.end());
};
