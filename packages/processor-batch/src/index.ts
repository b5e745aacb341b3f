export { batchProcessor } from './factory.ts';
