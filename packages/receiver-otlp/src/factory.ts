import { defineReceiver } from '@tributary/core';
import { type OtlpReceiverConfig, otlpReceiverConfigSchema } from './config.ts';
import { OtlpReceiver } from './otlp-receiver.ts';

/** The `otlp` receiver: traces, metrics and logs by OTLP over gRPC and HTTP. */
export const otlpReceiver = defineReceiver<OtlpReceiverConfig>({
  type: 'otlp',
  description: 'Receives traces, metrics and logs by OTLP over gRPC and HTTP (protobuf and JSON).',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  isCopyable: true,
  configSchema: otlpReceiverConfigSchema,
  create: (settings, config, next) => new OtlpReceiver(settings, config, next),
});
