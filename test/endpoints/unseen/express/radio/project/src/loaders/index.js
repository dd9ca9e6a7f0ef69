import expressLoader from './express.js';
import mongooseLoader from './mongoose.js';
import jobsLoader from './jobs.js';
import log from '#lib/log';

export default async ({ expressApp }) => {
  const connection = await mongooseLoader();
  log.info('db');
  await jobsLoader({ connection });
  await expressLoader({ app: expressApp });
};
