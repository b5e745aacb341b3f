import { describe, expect, it } from 'vitest';
import { batchProcessor } from '../src/index.ts';

const problemsOf = (block: unknown): string[] => {
  const config = batchProcessor.configSchema.parse(block);
  return (batchProcessor.validate?.(config) ?? []).map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
};

describe('the settings of the batch processor', () => {
  it('default as documented', () => {
    expect(batchProcessor.configSchema.parse({})).toEqual({
      timeout: 200,
      send_batch_size: 8192,
      send_batch_max_size: 0,
      send_batch_size_bytes: 0,
      send_batch_max_size_bytes: 0,
      metadata_keys: [],
      metadata_cardinality_limit: 1000,
      max_pending_batches: 10_000,
      max_pending_bytes: 134_217_728,
    });
  });

  it("take the Collector's examples", () => {
    expect(problemsOf({ timeout: '10s', send_batch_size: 10_000, send_batch_max_size: 11_000 })).toEqual([]);
    expect(problemsOf({ send_batch_size: 0, timeout: 0 })).toEqual([]);
    expect(problemsOf({ metadata_keys: ['tenant_id'], metadata_cardinality_limit: 10 })).toEqual([]);
  });

  it('name every problem', () => {
    expect(
      problemsOf({
        send_batch_max_size: 100,
        send_batch_size_bytes: 10,
        send_batch_max_size_bytes: 9,
        metadata_keys: ['Tenant', 'x', 'tenant'],
      }),
    ).toEqual([
      'send_batch_max_size: must not be less than send_batch_size (found 100 and 8192). ' +
        'Raise it, lower send_batch_size, or set it to 0 for no limit.',
      'send_batch_max_size_bytes: must not be less than send_batch_size_bytes (found 9 and 10). ' +
        'Raise it, lower send_batch_size_bytes, or set it to 0 for no limit.',
      'metadata_keys::2: names "tenant" a second time. Remove it; upper and lower case are the same here.',
    ]);
  });

  it('refuse a timeout that a timer cannot hold', () => {
    const result = batchProcessor.configSchema.safeParse({ timeout: '1000h' });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'timeout: expected a duration of at most 24h',
    ]);
  });

  it('refuse what is negative, too large and unknown', () => {
    const result = batchProcessor.configSchema.safeParse({
      timeout: '-5s',
      send_batch_size: 5_000_000_000,
      send_batch_max_size: -1,
      size: 1,
    });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'timeout: expected a duration of at least 0s',
      'send_batch_size: Too big: expected number to be <=4294967295',
      'send_batch_max_size: Too small: expected number to be >=0',
      ': Unrecognized key: "size"',
    ]);
  });
});
