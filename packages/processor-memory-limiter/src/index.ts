export { memoryLimiterProcessor } from './factory.ts';
