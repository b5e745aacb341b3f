import { createExporter, defineExporter } from '@tributary/core';
import { nopConfigSchema } from './config.ts';

/** Accepts everything and keeps nothing. */
export const nopExporter = defineExporter({
  type: 'nop',
  description:
    'Accepts data, counts it and drops it: for trying out a pipeline, and where an exporter is required.',
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
  isCopyable: true,
  configSchema: nopConfigSchema,
  create: (settings) => createExporter(settings, { send: () => undefined }),
});
