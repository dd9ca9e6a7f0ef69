import express, { Express } from 'express';
import { router as v1 } from './routes/v1/index.js';
import { notFound } from './middleware.js';
const app: Express = express();
app.use('/v1', v1);
app.use(notFound);
export default app;
