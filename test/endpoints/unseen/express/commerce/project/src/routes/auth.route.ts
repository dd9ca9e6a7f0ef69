import { Router } from 'express';
import { Routes } from '@interfaces/routes.interface';
import { asyncWrapper } from '@utils/asyncWrapper';
import * as auth from '@controllers/auth.controller';

export class AuthRoute implements Routes {
  public router = Router();

  constructor(private readonly path: string = '/auth') {
    this.router.post(`${this.path}/signup`, asyncWrapper(auth.signUp));
    this.router.post(`${this.path}/login`, asyncWrapper(auth.logIn));
    this.router.post(`${this.path}/logout`, asyncWrapper(auth.logOut));
    this.router.get(`${this.path}/oauth/:provider/callback`, asyncWrapper(auth.callback));
  }
}
