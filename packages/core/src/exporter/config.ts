/**
 * The blocks that every exporter which sends over a network shares, with the Collector's names and defaults:
 * `sending_queue`, `retry_on_failure` and `timeout`.
 */
import type { ConfigProblem } from '../component/factory.ts';
import { byteSize, duration, z } from '../config/schema-types.ts';

const batch = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether requests are put together before they are sent.'),
  flush_timeout: duration({ default: '200ms', min: '1ns' }).describe(
    'How long a batch smaller than min_size waits for more, from its first request on.',
  ),
  sizer: z
    .enum(['items', 'bytes'])
    .optional()
    .describe(
      'What min_size and max_size count: spans, data points and log records, or bytes. Default: as the queue, ' +
        'and items where the queue counts requests.',
    ),
  min_size: z.int().min(0).default(8192).describe('The size from which on a batch is sent at once.'),
  max_size: z
    .int()
    .min(0)
    .default(0)
    .describe('The size above which a batch is split; 0 sets no limit. At least min_size.'),
  partition: z
    .strictObject({
      metadata_keys: z
        .array(z.string().min(1))
        .default([])
        .describe(
          'Only requests whose client metadata have the same values for these keys are put together. Needs ' +
            'include_metadata in the receiver.',
        ),
    })
    .prefault({})
    .describe('Which requests may share a batch.'),
});

/** The `sending_queue` block. */
export const sendingQueueSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether data is accepted into a queue before it is sent. Without, a sender waits for the backend.',
    ),
  num_consumers: z
    .int()
    .min(1)
    .default(10)
    .describe('How many requests are under way at once, for each signal. 1 keeps their order.'),
  queue_size: z
    .int()
    .min(1)
    .default(1000)
    .describe('The most that is held for each signal, in units of the sizer, requests under way included.'),
  sizer: z.enum(['requests', 'items', 'bytes']).default('requests').describe('What queue_size counts.'),
  max_bytes: byteSize()
    .min(1)
    .default(512 * 1024 * 1024)
    .describe(
      'The most bytes that are held for each signal, whatever the sizer; has no effect with sizer bytes. An ' +
        'addition to the settings of the Collector, whose queue of requests has no bound in bytes.',
    ),
  block_on_overflow: z
    .boolean()
    .default(false)
    .describe('Whether a full queue makes its senders wait, instead of refusing with a retryable error.'),
  wait_for_result: z
    .boolean()
    .default(false)
    .describe('Whether data counts as accepted only when the backend took it, not as soon as it is queued.'),
  storage: z
    .never({ error: 'is not available: the queue is kept in memory only. Remove "storage".' })
    .optional()
    .describe("The Collector's queue on disk; not available."),
  batch: batch.optional().describe('Puts requests together before they are sent. Off unless given.'),
});

/** The `retry_on_failure` block. */
export const retryOnFailureSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether data that the backend did not take now is sent again.'),
  initial_interval: duration({ default: '5s' }).describe('How long to wait after the first failure.'),
  randomization_factor: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Each wait is chosen at random between its interval less and plus this part of it.'),
  multiplier: z
    .number()
    .min(1)
    .default(1.5)
    .describe('How much longer the interval is after each further failure.'),
  max_interval: duration({ default: '30s' }).describe('The longest interval.'),
  max_elapsed_time: duration({ default: '300s' }).describe(
    'How long the same data is tried before it is dropped, from its first attempt on; 0 means for ever.',
  ),
});

/** The `timeout` setting: how long one attempt may take. `0s` means for ever. */
export function timeoutSchema(defaultDuration: string) {
  return duration({ default: defaultDuration }).describe('How long one attempt may take; 0 means for ever.');
}

/** The `sending_queue` block, checked and with defaults. */
export type SendingQueueConfig = z.output<typeof sendingQueueSchema>;

/** The `retry_on_failure` block, checked and with defaults. */
export type RetryConfig = z.output<typeof retryOnFailureSchema>;

/** What is counted for a queue's or a batch's size. */
export type Sizer = SendingQueueConfig['sizer'];

/** What `min_size` and `max_size` of `sending_queue::batch` count. */
export function batchSizer(config: SendingQueueConfig): 'items' | 'bytes' {
  return config.batch?.sizer ?? (config.sizer === 'bytes' ? 'bytes' : 'items');
}

/** The rules of `sending_queue` that its schema cannot express; paths begin with `sending_queue`. */
export function validateSendingQueue(config: SendingQueueConfig): readonly ConfigProblem[] {
  const { batch: batching, queue_size: queueSize } = config;
  if (!config.enabled || batching === undefined || !batching.enabled) return [];
  const problems: ConfigProblem[] = [];
  if (batching.max_size > 0 && batching.max_size < batching.min_size) {
    problems.push({
      path: ['sending_queue', 'batch', 'max_size'],
      message: `is less than min_size (${batching.max_size} and ${batching.min_size}). Raise max_size, or set it to 0 for no limit.`,
    });
  }
  if (batchSizer(config) === config.sizer && batching.min_size > queueSize) {
    problems.push({
      path: ['sending_queue', 'batch', 'min_size'],
      message: `is more than the queue can hold (${batching.min_size}, and queue_size ${queueSize}). Lower min_size or raise queue_size.`,
    });
  }
  const seen = new Set<string>();
  for (const [index, key] of batching.partition.metadata_keys.entries()) {
    const name = key.toLowerCase();
    if (seen.has(name)) {
      problems.push({
        path: ['sending_queue', 'batch', 'partition', 'metadata_keys', index],
        message: `names "${name}" a second time. Remove it; upper and lower case are the same here.`,
      });
    }
    seen.add(name);
  }
  return problems;
}
