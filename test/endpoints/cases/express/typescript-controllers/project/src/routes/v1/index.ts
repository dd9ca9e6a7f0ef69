import { Router } from 'express';
import { userRoute } from './user.route.js';
import authRoute from './auth.route.js';
export const router = Router();
const defaultRoutes: { path: string; route: Router }[] = [{ path: '/auth', route: authRoute }, { path: '/users', route: userRoute }];
const devRoutes = [{ path: '/dev', route: Router().get('/', (_q, s) => { s.end(); }) }];
defaultRoutes.forEach((route) => { router.use(route.path, route.route); });
if ((process.env.NODE_ENV ?? 'development') === 'development') devRoutes.forEach(({ path, route }) => router.use(path, route));
