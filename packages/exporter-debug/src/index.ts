export { debugExporter } from './factory.ts';
