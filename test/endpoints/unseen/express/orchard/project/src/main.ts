import { createServer } from 'node:http';
import { buildApp } from './app.js';
import { env } from '~/env.js';

const app = await buildApp();
createServer(app).listen(env.PORT);
