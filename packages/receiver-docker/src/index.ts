export { dockerReceiver } from './factory.ts';
