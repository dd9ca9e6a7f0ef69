import { Router } from 'express';
export abstract class BaseRoute {
  public router = Router();
  constructor(protected readonly path: string) {}
  protected abstract register(): void;
}
