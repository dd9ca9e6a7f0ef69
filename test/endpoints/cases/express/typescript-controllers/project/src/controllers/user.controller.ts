import type { Request, Response } from 'express';
import { catchAsync } from '../middleware.js';
/**
 * Creates a user
 */
export const createUser = catchAsync(async (req: Request, res: Response) => { res.end(); });
/** Lists users */
export const getUsers = catchAsync(async (req, res) => { res.end(); });
export const getUser = catchAsync(async (req, res) => { res.end(); });
/** Updates a user */
export async function updateUser(req: Request, res: Response): Promise<void> { res.end(); }
