import { byteSize, type ConfigProblem, duration, z } from '@tributary/core';

const count = () => z.int().min(0).max(0xffff_ffff);

/** The settings of the `batch` processor: the Collector's, and limits in bytes and of what waits. */
export const batchConfigSchema = z.strictObject({
  timeout: duration({ default: '200ms', max: '24h' }).describe(
    'How long data waits at most for more; 0s sends each batch on at once.',
  ),
  send_batch_size: count()
    .default(8192)
    .describe(
      'As many items (spans, data points, log records) are sent at once; 0 sends each batch on at once.',
    ),
  send_batch_max_size: count()
    .default(0)
    .describe('More items than this are never sent at once; 0 sets no limit.'),
  send_batch_size_bytes: byteSize()
    .default(0)
    .describe('As many bytes (of the uncompressed request) are sent at once; 0 does not go by bytes.'),
  send_batch_max_size_bytes: byteSize()
    .default(0)
    .describe('More bytes than this are never sent at once, but for a single item; 0 sets no limit.'),
  metadata_keys: z
    .array(z.string())
    .default([])
    .describe(
      'Request headers, in any case: only data with equal values goes together, and keeps these headers. The receiver ' +
        'needs `include_metadata: true`.',
    ),
  metadata_cardinality_limit: count()
    .default(1000)
    .describe('How many combinations of their values may wait at once; 0 sets no limit.'),
  max_pending_batches: z
    .int()
    .min(1)
    .default(10_000)
    .describe('How many batches may be here, waiting or on their way; more are refused for now.'),
  max_pending_bytes: z
    .int()
    .min(1)
    .default(128 * 1024 * 1024)
    .describe('How many bytes may be here, waiting or on their way; more are refused for now.'),
});

/** The settings of the `batch` processor; the timeout in milliseconds. */
export type BatchConfig = z.output<typeof batchConfigSchema>;

/** The rules across the settings. */
export function validateBatchConfig(config: BatchConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const unit of ['', '_bytes'] as const) {
    const size = config[`send_batch_size${unit}`];
    const maxSize = config[`send_batch_max_size${unit}`];
    if (maxSize === 0 || maxSize >= size) continue;
    problems.push({
      path: [`send_batch_max_size${unit}`],
      message:
        `must not be less than send_batch_size${unit} (found ${maxSize} and ${size}). ` +
        `Raise it, lower send_batch_size${unit}, or set it to 0 for no limit.`,
    });
  }
  const seen = new Set<string>();
  for (const [index, key] of config.metadata_keys.entries()) {
    const name = key.toLowerCase();
    if (seen.has(name)) {
      problems.push({
        path: ['metadata_keys', index],
        message: `names "${key}" a second time. Remove it; upper and lower case are the same here.`,
      });
    }
    seen.add(name);
  }
  return problems;
}
