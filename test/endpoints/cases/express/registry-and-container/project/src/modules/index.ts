export * from './user';
export { default as OrderModule } from './order';
