import { App } from './app';
import { AuthRoute } from '@routes/auth.route';
import { OrderRoute } from '@routes/order.route';
import { ProductRoute } from '@routes/product.route';
import { HealthRoute } from '@routes/health.route';
import { checkEnvironment } from '@utils/environment';

checkEnvironment();

const app = new App([new AuthRoute(), new ProductRoute(), new OrderRoute(), new HealthRoute('/status')]);

app.listen();
