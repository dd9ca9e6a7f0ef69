import { Request, Response } from 'express';

export abstract class BaseController<T> {
  constructor(protected readonly name: string) {}

  /** Lists all. */
  public list = async (req: Request, res: Response): Promise<void> => {
    res.json([] as T[]);
  };

  /**
   * Shows one.
   *
   * Answers 404 when there is none.
   */
  public show = async (req: Request, res: Response): Promise<void> => {
    res.json(null);
  };
}
