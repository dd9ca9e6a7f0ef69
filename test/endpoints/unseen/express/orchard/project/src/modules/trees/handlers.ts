import type { Request, Response } from 'express';
import { treeService } from './service.js';

/** Every tree. */
export const all = async (_req: Request, res: Response) => { res.json(await treeService.all()); };

/**
 * Plants a tree.
 *
 * Needs a free place.
 */
export async function plant(req: Request, res: Response) { res.status(201).end(); }

export const fell = async (req: Request<{ id: string }>, res: Response) => { res.end(); };
