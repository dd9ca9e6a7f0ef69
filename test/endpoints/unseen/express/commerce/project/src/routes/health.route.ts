import { Router } from 'express';
import { Routes } from '@interfaces/routes.interface';

export class HealthRoute implements Routes {
  public router = Router();

  constructor(public path: string) {
    /** Says that all is well. */
    this.router.get(path, (_req, res) => {
      res.sendStatus(200);
    });
    this.router.head(path, (_req, res) => res.end());
  }
}
