export { enrichProcessor } from './factory.ts';
