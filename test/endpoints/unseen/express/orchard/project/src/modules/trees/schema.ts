import { z } from 'zod';

export const tree = z.object({ kind: z.enum(['apple', 'pear']) });
export type Tree = z.infer<typeof tree>;
