export { enrichProcessor, k8sAttributesProcessor } from './factory.ts';
