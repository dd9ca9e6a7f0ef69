import { Request, Response } from 'express';

/** Opens an account. */
export const signUp = async (req: Request, res: Response) => {};

/** Starts a session. */
export async function logIn(req: Request, res: Response) {}

export const logOut = (req: Request, res: Response): void => {};

/**
 * Comes back from a provider.
 *
 * - google
 * - github
 */
export const callback = function (req: Request, res: Response) {};
