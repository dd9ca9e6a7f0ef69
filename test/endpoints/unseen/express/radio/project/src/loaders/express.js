import cors from 'cors';
import { json, urlencoded } from 'express';
import methodOverride from 'method-override';
import config from '#config';
import routes from '../api/index.js';

export default ({ app }) => {
  /**
   * Is it on air?
   */
  app.get('/status', (req, res) => res.status(200).end());
  app.head('/status', (req, res) => res.status(200).end());

  app.enable('trust proxy');
  app.use(cors());
  app.use(methodOverride(), json(), urlencoded({ extended: true }));
  app.use(`${config.api.prefix}/${config.api.version}`, routes());

  app.use((req, res, next) => next(Object.assign(new Error('Not Found'), { status: 404 })));
  app.use((err, req, res, next) => res.status(err.status || 500).json({ errors: { message: err.message } }));
};
