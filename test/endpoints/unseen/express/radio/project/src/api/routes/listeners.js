import { Router } from 'express';

const paths = Object.freeze({ base: '/listeners', me: '/me', songs: '/me/songs' });

export default (app) => {
  const router = Router();
  app.use(paths.base, router);
  router.get([paths.me, '/self'], (req, res) => res.json({}));
  router.all(paths.songs, (req, res) => res.json([]));
};

export function publicRoutes(app) {
  /**
   * Charts of the week.
   * @param week
   */
  app.get('/charts/:week(\\d{4}-\\d{2})', (req, res) => res.json([]));
}
