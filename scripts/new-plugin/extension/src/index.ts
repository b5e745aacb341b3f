export { exampleExtension } from './factory.ts';
