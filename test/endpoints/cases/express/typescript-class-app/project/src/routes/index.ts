import { Routes } from '@/interfaces/routes.interface';
import UsersRoute from './users.route';
import { AuthRoute } from './auth.route';
export const allRoutes: Routes[] = [new UsersRoute(), new AuthRoute('/auth')];
