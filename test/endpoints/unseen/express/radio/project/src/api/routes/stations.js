import { Router } from 'express';
import { celebrate, Joi } from 'celebrate';
import middlewares from '../middlewares/index.js';

const route = Router();

export default (app) => {
  app.use('/stations', route);

  /**
   * Every station
   *
   * Sorted by frequency.
   */
  route.get('/', middlewares.loggedIn, async (req, res) => res.json([]));

  route.post(
    '/',
    celebrate({ body: Joi.object({ name: Joi.string().required() }) }),
    async (req, res, next) => res.status(201).end(),
  );

  /** On air now */
  route.get('/:id/now', middlewares.withListener, (req, res) => res.json({}));

  route.route('/:id').get((req, res) => res.json({})).delete(middlewares.loggedIn, (req, res) => res.end());
};
