export { k8sReceiver } from './factory.ts';
