export { exampleConnector } from './factory.ts';
