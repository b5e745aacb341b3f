import { describe, expect, it } from 'vitest';
import {
  batchSizer,
  retryOnFailureSchema,
  sendingQueueSchema,
  timeoutSchema,
  validateSendingQueue,
} from '../../src/exporter/config.ts';

describe('sending_queue', () => {
  it('has the defaults of the Collector', () => {
    expect(sendingQueueSchema.parse({})).toStrictEqual({
      enabled: true,
      num_consumers: 10,
      queue_size: 1000,
      sizer: 'requests',
      max_bytes: 536_870_912,
      block_on_overflow: false,
      wait_for_result: false,
    });
  });

  it('has the defaults of the Collector for batch, which is off unless it is named', () => {
    expect(sendingQueueSchema.parse({ batch: {} }).batch).toStrictEqual({
      enabled: true,
      flush_timeout: 200,
      min_size: 8192,
      max_size: 0,
      partition: { metadata_keys: [] },
    });
  });

  it('refuses storage with the reason', () => {
    const { error } = sendingQueueSchema.safeParse({ storage: 'file_storage' });
    expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
      [['storage'], 'is not available: the queue is kept in memory only. Remove "storage".'],
    ]);
  });

  it.each([
    [{}, 'items'],
    [{ sizer: 'items' }, 'items'],
    [{ sizer: 'bytes' }, 'bytes'],
    [{ sizer: 'bytes', batch: { sizer: 'items' } }, 'items'],
    [{ batch: { sizer: 'bytes' } }, 'bytes'],
  ])('counts batches by their own sizer, else by the queue’s: %j', (block, sizer) => {
    expect(batchSizer(sendingQueueSchema.parse(block))).toBe(sizer);
  });

  it('finds every rule that is broken between its settings', () => {
    const config = sendingQueueSchema.parse({
      sizer: 'items',
      queue_size: 100,
      batch: { min_size: 200, max_size: 150, partition: { metadata_keys: ['tenant', 'Tenant'] } },
    });
    expect(validateSendingQueue(config)).toEqual([
      {
        path: ['sending_queue', 'batch', 'max_size'],
        message: 'is less than min_size (150 and 200). Raise max_size, or set it to 0 for no limit.',
      },
      {
        path: ['sending_queue', 'batch', 'min_size'],
        message:
          'is more than the queue can hold (200, and queue_size 100). Lower min_size or raise queue_size.',
      },
      {
        path: ['sending_queue', 'batch', 'partition', 'metadata_keys', 1],
        message: 'names "tenant" a second time. Remove it; upper and lower case are the same here.',
      },
    ]);
  });

  it('does not mind broken rules of what is off', () => {
    const block = { queue_size: 1, sizer: 'items', batch: { enabled: false } };
    expect(validateSendingQueue(sendingQueueSchema.parse(block))).toEqual([]);
    expect(validateSendingQueue(sendingQueueSchema.parse({ ...block, enabled: false, batch: {} }))).toEqual(
      [],
    );
  });
});

describe('retry_on_failure', () => {
  it('has the defaults of the Collector', () => {
    expect(retryOnFailureSchema.parse({})).toStrictEqual({
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 300_000,
    });
  });
});

describe('timeout', () => {
  it('is in milliseconds, and 0 is taken', () => {
    expect([timeoutSchema('5s').parse(undefined), timeoutSchema('5s').parse('0s')]).toEqual([5000, 0]);
  });
});
