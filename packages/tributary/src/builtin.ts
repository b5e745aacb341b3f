import { flowmetricsConnector } from '@tributary/connector-flowmetrics';
import type { Factory } from '@tributary/core';
import { debugExporter } from '@tributary/exporter-debug';
import { nopExporter } from '@tributary/exporter-nop';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { healthCheckExtension } from '@tributary/extension-health-check';
import { attributesProcessor } from '@tributary/processor-attributes';
import { batchProcessor } from '@tributary/processor-batch';
import { enrichProcessor, k8sAttributesProcessor } from '@tributary/processor-enrich';
import { memoryLimiterProcessor } from '@tributary/processor-memory-limiter';
import { resourceProcessor } from '@tributary/processor-resource';
import { dockerReceiver } from '@tributary/receiver-docker';
import { ebpfReceiver } from '@tributary/receiver-ebpf';
import { k8sReceiver } from '@tributary/receiver-k8s';
import { otlpReceiver } from '@tributary/receiver-otlp';

/** The components that need no plugin. */
export const BUILTIN_FACTORIES: readonly Factory[] = [
  dockerReceiver,
  ebpfReceiver,
  k8sReceiver,
  otlpReceiver,
  attributesProcessor,
  batchProcessor,
  enrichProcessor,
  k8sAttributesProcessor,
  memoryLimiterProcessor,
  resourceProcessor,
  flowmetricsConnector,
  debugExporter,
  nopExporter,
  otlpGrpcExporter,
  otlpHttpExporter,
  healthCheckExtension,
];
