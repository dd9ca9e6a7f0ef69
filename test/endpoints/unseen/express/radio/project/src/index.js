import express from 'express';
import config from '#config';
import log from '#lib/log';
import loaders from './loaders/index.js';

async function begin() {
  const app = express();
  await loaders({ expressApp: app });
  app.listen(config.port, () => log.info(`on ${config.port}`)).on('error', (err) => {
    log.error(err);
    process.exit(1);
  });
}

begin();
