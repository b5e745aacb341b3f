export { attributesProcessor } from './factory.ts';
