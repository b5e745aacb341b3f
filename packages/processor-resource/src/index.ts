export { resourceProcessor } from './factory.ts';
