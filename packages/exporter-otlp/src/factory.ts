import { defineExporter } from '@tributary/core';
import { otlpGrpcConfigSchema, validateOtlpGrpcConfig } from './grpc/config.ts';
import { createOtlpGrpcExporter } from './grpc/grpc-exporter.ts';
import { otlpHttpConfigSchema, validateOtlpHttpConfig } from './http/config.ts';
import { createOtlpHttpExporter } from './http/http-exporter.ts';

const SIGNAL_STABILITY = { traces: 'beta', metrics: 'beta', logs: 'beta' } as const;

/** Sends OTLP over gRPC. */
export const otlpGrpcExporter = defineExporter({
  type: 'otlp_grpc',
  deprecatedAliases: ['otlp'],
  description: 'Sends data to any OTLP backend over gRPC.',
  signals: SIGNAL_STABILITY,
  isCopyable: true,
  configSchema: otlpGrpcConfigSchema,
  validate: validateOtlpGrpcConfig,
  create: createOtlpGrpcExporter,
});

/** Sends OTLP over HTTP. */
export const otlpHttpExporter = defineExporter({
  type: 'otlp_http',
  deprecatedAliases: ['otlphttp'],
  description: 'Sends data to any OTLP backend over HTTP, as protobuf or JSON.',
  signals: SIGNAL_STABILITY,
  isCopyable: true,
  configSchema: otlpHttpConfigSchema,
  validate: validateOtlpHttpConfig,
  create: createOtlpHttpExporter,
});
