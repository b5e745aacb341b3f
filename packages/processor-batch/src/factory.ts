import { defineProcessor } from '@tributary/core';
import { BatchProcessor } from './batch-processor.ts';
import { type BatchConfig, batchConfigSchema, validateBatchConfig } from './config.ts';

/** The `batch` processor: gathers data into larger batches, by items, bytes and time. */
export const batchProcessor = defineProcessor<BatchConfig>({
  type: 'batch',
  description: 'Gathers data into larger batches, by items, bytes and time.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  isCopyable: true,
  configSchema: batchConfigSchema,
  validate: validateBatchConfig,
  create: (settings, config, next) => new BatchProcessor(settings, config, next),
});
