import { Router } from 'express';
import stations from './routes/stations.js';
import shows from './routes/shows.js';
import listeners, { publicRoutes } from './routes/listeners.js';
import * as admin from './routes/admin.js';

export default () => {
  const app = Router();
  stations(app);
  shows(app, { prefix: '/shows' });
  listeners(app);
  publicRoutes(app);
  if (admin.enabled) app.use('/admin', admin.router);
  return app;
};
