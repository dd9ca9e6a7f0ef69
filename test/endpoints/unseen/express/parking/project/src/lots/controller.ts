import { Request, Response } from 'express';
import { injectable } from 'tsyringe';

@injectable()
export class LotController {
  private readonly lots = new Map<string, string>();

  /** Lots with free places. */
  public async list(req: Request, res: Response): Promise<void> {
    res.json([...this.lots.keys()]);
  }

  public async show(req: Request, res: Response): Promise<void> {
    res.json(this.lots.get(req.params.lotId));
  }

  /**
   * Opens or closes a gate.
   *
   * All gates when none is named.
   */
  public async gate(req: Request, res: Response): Promise<void> {
    res.end();
  }
}
