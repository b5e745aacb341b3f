export { nopExporter } from './factory.ts';
