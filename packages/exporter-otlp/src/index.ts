export { otlpGrpcExporter, otlpHttpExporter } from './factory.ts';
