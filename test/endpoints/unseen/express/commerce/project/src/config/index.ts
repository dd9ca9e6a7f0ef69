import { config } from 'dotenv';

config({ path: `.env.${process.env.NODE_ENV || 'development'}.local` });

export const CREDENTIALS = process.env.CREDENTIALS === 'true';
export const { PORT, SECRET_KEY } = process.env;
export const API_PREFIX: string = process.env.API_PREFIX ?? '/api/v1';
