import express from 'express';
import { container } from './container';
import { UserModule, OrderModule } from './modules';
const app = express();
const modules = [UserModule, OrderModule];
modules.forEach(Module => new Module(container).register(app));
app.listen(container.get<number>('port'));
