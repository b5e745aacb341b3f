import { type Batch, memoryGate, RetryableError } from '@tributary/core';
import { nopHost, numberedBatch, type Sink, sink, type TestSettings, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryLimiterProcessor } from '../src/index.ts';

const MIB = 1024 * 1024;

/** Longer than any garbage collection takes; a test that fails takes as long. */
const WAIT_MS = 20_000;

type Processor = ReturnType<typeof memoryLimiterProcessor.create>;

const running: Processor[] = [];

afterEach(async () => {
  for (const processor of running.splice(0)) await processor.shutdown?.();
});

/** A processor with limits so far above the memory that the test process has now. */
function start(
  softMib: number,
  hardMib: number,
): { processor: Processor; out: Sink; settings: TestSettings } {
  const nowMib = Math.ceil(process.memoryUsage.rss() / MIB);
  const config = memoryLimiterProcessor.configSchema.parse({
    check_interval: '20ms',
    limit_mib: nowMib + hardMib,
    spike_limit_mib: hardMib - softMib,
    min_gc_interval_when_soft_limited: '100ms',
  });
  const settings = testSettings({ kind: 'processor', id: 'memory_limiter', pipeline: 'logs' });
  const out = sink();
  const processor = memoryLimiterProcessor.create(settings, config, out);
  running.push(processor);
  processor.start?.(nopHost());
  return { processor, out, settings };
}

async function outcome(processor: Processor, batch: Batch): Promise<unknown> {
  try {
    await processor.consume(batch);
    return 'accepted';
  } catch (error) {
    return error;
  }
}

/** Sends one record after the other until the outcome is as wanted. */
async function sendUntil(processor: Processor, isWanted: (outcome: unknown) => boolean): Promise<unknown> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const last = await outcome(processor, numberedBatch('logs', [1]));
    if (isWanted(last) || performance.now() > endMs) return last;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the memory limiter on the memory of this process', () => {
  it('refuses while too much is held, and takes data again when it was let go', async () => {
    const { processor, out, settings } = start(100, 400);
    expect(await outcome(processor, numberedBatch('logs', [1, 2]))).toBe('accepted');

    const held = Array.from({ length: 200 }, () => Buffer.alloc(MIB, 1));
    const refusal = await sendUntil(processor, (it) => it !== 'accepted');
    expect(refusal).toBeInstanceOf(RetryableError);
    expect((refusal as RetryableError).code).toBe('MEMORY_LIMIT');
    expect((refusal as RetryableError).delayMs).toBe(20);
    expect((refusal as RetryableError).message).toMatch(
      /^memory_limiter: the process uses [0-9.]+ MiB of memory, of a soft limit of [0-9.]+ MiB\. Send the data again later\.$/,
    );
    expect(memoryGate.reserve(1)).toBe(false);
    expect(settings.reported.map(({ status }) => status)).toEqual(['recoverable_error']);

    held.length = 0;
    expect(await sendUntil(processor, (it) => it === 'accepted')).toBe('accepted');
    expect(settings.reported.map(({ status }) => status)).toEqual(['recoverable_error', 'ok']);
    expect(memoryGate.reserve(1)).toBe(true);
    memoryGate.release(1);

    const series = '{processor="memory_limiter"}';
    const counted = settings.registry.snapshot();
    expect(counted[`otelcol_processor_memory_limiter_accepted_log_records${series}`]).toBe(out.itemCount);
    expect(counted[`otelcol_processor_memory_limiter_refused_log_records${series}`]).toBeGreaterThan(0);
    expect(counted[`otelcol_processor_memory_limiter_forced_gcs${series}`]).toBeGreaterThan(0);
  });

  it('admits no body that would come near the hard limit', () => {
    start(100, 200);
    expect(memoryGate.reserve(10_000 * MIB)).toBe(false);
    expect(memoryGate.reserve(MIB)).toBe(true);
    memoryGate.release(MIB);
  });

  it('lets go of the gate when it shuts down', async () => {
    const { processor } = start(100, 200);
    await processor.shutdown?.();
    expect(memoryGate.reserve(10_000 * MIB)).toBe(true);
    memoryGate.release(10_000 * MIB);
  });

  it('measures once for all pipelines of one configuration', async () => {
    const config = memoryLimiterProcessor.configSchema.parse({ check_interval: '1s', limit_mib: 100_000 });
    const settings = testSettings({ kind: 'processor', id: 'memory_limiter', pipeline: 'logs' });
    const processors = [1, 2, 3].map(() => memoryLimiterProcessor.create(settings, config, sink()));
    for (const processor of processors) processor.start?.(nopHost());
    for (const processor of processors) await processor.shutdown?.();
    expect(settings.logs).toEqual([
      {
        level: 'info',
        message: 'memory limiter configured',
        fields: { limit_mib: 100_000, soft_limit_mib: 80_000 },
      },
    ]);
  });
});
