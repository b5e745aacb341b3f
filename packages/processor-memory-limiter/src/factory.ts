import { defineProcessor } from '@tributary/core';
import {
  type MemoryLimiterConfig,
  memoryLimiterConfigSchema,
  validateMemoryLimiterConfig,
} from './config.ts';
import { MemoryLimiterProcessor } from './memory-limiter-processor.ts';

/** The `memory_limiter` processor: refuses data while the process uses more memory than it may. */
export const memoryLimiterProcessor = defineProcessor<MemoryLimiterConfig>({
  type: 'memory_limiter',
  description:
    'Refuses data, with an error that says to retry, while the process uses more memory than it may.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  isCopyable: true,
  configSchema: memoryLimiterConfigSchema,
  validate: validateMemoryLimiterConfig,
  create: (settings, config, next) => new MemoryLimiterProcessor(settings, config, next),
});
