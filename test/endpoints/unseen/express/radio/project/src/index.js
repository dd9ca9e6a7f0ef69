import express from 'express';
import config from '#config';
import Logger from '#lib/logger';
import loaders from './loaders/index.js';

async function startServer() {
  const app = express();
  await loaders({ expressApp: app });
  app.listen(config.port, () => Logger.info(`on ${config.port}`)).on('error', (err) => {
    Logger.error(err);
    process.exit(1);
  });
}

startServer();
