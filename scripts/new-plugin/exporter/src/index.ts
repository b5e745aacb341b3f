export { exampleExporter } from './factory.ts';
