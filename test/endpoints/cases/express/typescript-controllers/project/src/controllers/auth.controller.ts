import { Request, Response } from 'express';
export class AuthController {
  /** Logs in */
  async login(req: Request, res: Response): Promise<void> { res.end(); }
  /** Refreshes */
  async refresh(req: Request, res: Response): Promise<void> { res.end(); }
}
