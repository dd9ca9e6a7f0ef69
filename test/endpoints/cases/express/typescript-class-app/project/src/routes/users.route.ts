import { Router } from 'express';
import UsersController from '@/controllers/users.controller';
import { Routes } from '@/interfaces/routes.interface';
import { Paths } from '../constants';

class UsersRoute implements Routes {
  public path = Paths.users;
  public router: Router = Router();
  public usersController = new UsersController();

  constructor() {
    this.initializeRoutes();
  }

  private initializeRoutes() {
    this.router.get(`${this.path}`, this.usersController.getUsers);
    this.router.get(`${this.path}/:id(\\d+)`, this.usersController.getUserById);
    this.router.put(`${this.path}/:id(\\d+)`, <any>this.usersController.updateUser);
  }
}

export default UsersRoute;
