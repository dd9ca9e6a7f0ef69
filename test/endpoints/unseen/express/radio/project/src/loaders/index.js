import expressLoader from './express.js';
import mongooseLoader from './mongoose.js';
import jobsLoader from './jobs.js';
import Logger from '#lib/logger';

export default async ({ expressApp }) => {
  const connection = await mongooseLoader();
  Logger.info('db');
  await jobsLoader({ connection });
  await expressLoader({ app: expressApp });
};
