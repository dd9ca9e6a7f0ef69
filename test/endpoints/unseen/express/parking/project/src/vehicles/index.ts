export { registerVehicles } from './routes';
export * from './types';
