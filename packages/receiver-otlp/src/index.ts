export { otlpReceiver } from './factory.ts';
