export { exampleProcessor } from './factory.ts';
