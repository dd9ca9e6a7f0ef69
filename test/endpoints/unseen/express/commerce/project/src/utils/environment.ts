import { cleanEnv, port, str } from 'envalid';

export const checkEnvironment = () => {
  cleanEnv(process.env, { NODE_ENV: str(), PORT: port() });
};
