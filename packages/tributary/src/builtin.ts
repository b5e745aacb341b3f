import type { Factory } from '@tributary/core';
import { debugExporter } from '@tributary/exporter-debug';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { attributesProcessor } from '@tributary/processor-attributes';
import { memoryLimiterProcessor } from '@tributary/processor-memory-limiter';
import { resourceProcessor } from '@tributary/processor-resource';
import { otlpReceiver } from '@tributary/receiver-otlp';

/** The components that need no plugin. */
export const BUILTIN_FACTORIES: readonly Factory[] = [
  otlpReceiver,
  attributesProcessor,
  memoryLimiterProcessor,
  resourceProcessor,
  debugExporter,
  otlpGrpcExporter,
  otlpHttpExporter,
];
