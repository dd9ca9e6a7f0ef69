import express, { Express } from 'express';
import { health, VERSION } from '@bakery/shared';
import { ordersRouter } from './orders';
import { customersRouter } from './customers';

const app: Express = express();
health(app, 'orders');

const routes: Record<string, express.Router> = { orders: ordersRouter, customers: customersRouter };
for (const [name, router] of Object.entries(routes)) {
  app.use(`/${VERSION}/${name}`, router);
}

app.listen(process.env.PORT);

export default app;
