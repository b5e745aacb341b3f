export { healthCheckExtension } from './factory.ts';
