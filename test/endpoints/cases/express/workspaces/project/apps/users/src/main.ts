import express from 'express';
import { healthRouter, PREFIX } from '@mono/shared';
const app = express();
app.use(healthRouter);
app.get(`${PREFIX}/users`, (_q, s) => { s.end(); });
app.listen(3001);
