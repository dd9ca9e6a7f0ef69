import App from '@/app';
import { allRoutes } from '@routes';

const app = new App(allRoutes);
app.listen();
