import { NextFunction, Request, Response } from 'express';

class UsersController {
  /**
   * All users
   * @returns users
   */
  public getUsers = async (req: Request, res: Response, next: NextFunction): Promise<void> => { res.json([]); };
  public getUserById = async (req: Request, res: Response): Promise<void> => { res.json({}); };
  public updateUser = async (req: Request, res: Response): Promise<void> => { res.json({}); };
}

export default UsersController;
