import { Router, Express } from 'express';
import type { Container } from '../container';
export class UserModule {
  constructor(private readonly c: Container) {}
  register(app: Express) {
    const router = Router();
    const users = this.c.get<any>('users');
    router.get('/users', users.list);
    app.use(this.c.get('prefix'), router);
  }
}
