export { healthRouter } from './health';
export const PREFIX = '/v1';
