export { flowmetricsConnector } from './factory.ts';
