export { exampleReceiver } from './factory.ts';
