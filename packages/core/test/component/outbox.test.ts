import { type Batch, LogsWriter, Outbox, PermanentError, RetryableError } from '@tributary/core';
import { batchJson, sink } from '@tributary/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const REFUSED = new PermanentError('EXPORT_REFUSED', 'no.');
const LATER = new RetryableError('EXPORT_UNAVAILABLE', 'not now.');

type Lost = [records: number, reason: string];

/** An outbox for at most 10 records, and what it lost. */
function outboxTo(consume: (batch: Batch) => void | Promise<void>): { outbox: Outbox; lost: Lost[] } {
  const lost: Lost[] = [];
  const onLost = (records: number, reason: string): void => {
    lost.push([records, reason]);
  };
  return { outbox: new Outbox({ consume }, { maxRecords: 10, onLost }), lost };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('Outbox', () => {
  it('hands a batch on at once', () => {
    const taken = sink();
    const { outbox } = outboxTo((batch) => taken.consume(batch));
    outbox.add(batchOf(3));
    expect([taken.itemCount, outbox.size, outbox.isFull]).toEqual([3, 0, false]);
  });

  it('waits for the acknowledgement of one before it hands on the next, in order', async () => {
    const waiting: (() => void)[] = [];
    const given: unknown[] = [];
    const { outbox } = outboxTo((batch) => {
      given.push(batchJson(batch));
      return new Promise((resolve) => waiting.push(resolve));
    });
    outbox.add(batchOf(1));
    outbox.add(batchOf(2));
    expect([given.length, outbox.size]).toEqual([1, 3]);
    waiting.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
    expect([given.length, outbox.size]).toEqual([2, 2]);
    waiting.shift()?.();
    await outbox.close();
    expect([given, outbox.size]).toEqual([[batchJson(batchOf(1)), batchJson(batchOf(2))], 0]);
  });

  it.each([
    [
      'throws',
      () => {
        throw LATER;
      },
    ],
    ['rejects with', () => Promise.reject(LATER)],
  ])('tries again, each time later, where the pipeline %s a retryable error', async (_, refuse) => {
    const attempts: number[] = [];
    const { outbox, lost } = outboxTo(() => {
      attempts.push(Date.now());
      return attempts.length < 8 ? refuse() : undefined;
    });
    const start = Date.now();
    outbox.add(batchOf(4));
    outbox.add(batchOf(1));
    await vi.runAllTimersAsync();
    expect(attempts.map((at) => at - start)).toEqual([
      0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 91_000,
    ]);
    expect([outbox.size, lost]).toEqual([0, []]);
  });

  it.each([
    [45_000, 45_000],
    [1e13, 600_000],
  ])('waits as long as it was asked to, %i ms, and ten minutes at most', async (delayMs, waitedMs) => {
    const attempts: number[] = [];
    const { outbox } = outboxTo(() => {
      attempts.push(Date.now());
      if (attempts.length === 1) throw new RetryableError('EXPORT_UNAVAILABLE', 'not now.', { delayMs });
    });
    const start = Date.now();
    outbox.add(batchOf(1));
    await vi.runAllTimersAsync();
    expect(attempts.map((at) => at - start)).toEqual([0, waitedMs]);
  });

  it('gives up what is refused for good, counts it, and goes on', async () => {
    const taken = sink();
    const { outbox, lost } = outboxTo((batch) => {
      if (batch.itemCount === 2) throw REFUSED;
      return batch.itemCount === 3 ? Promise.reject(REFUSED) : taken.consume(batch);
    });
    for (const records of [1, 2, 3, 4]) outbox.add(batchOf(records));
    await outbox.close();
    expect([taken.itemCount, lost]).toEqual([
      5,
      [
        [2, 'refused'],
        [3, 'refused'],
      ],
    ]);
  });

  it('is full while it has as many records as it may keep', async () => {
    let isOpen = false;
    const { outbox } = outboxTo(() => {
      if (!isOpen) throw LATER;
    });
    const full = [];
    for (const records of [6, 3, 1]) {
      outbox.add(batchOf(records));
      full.push(outbox.isFull);
    }
    isOpen = true;
    await vi.runAllTimersAsync();
    expect([full, outbox.isFull]).toEqual([[false, false, true], false]);
  });

  it('drops and counts what is left when its time to close is over', async () => {
    const { outbox, lost } = outboxTo(() => {
      throw LATER;
    });
    outbox.add(batchOf(2));
    outbox.add(batchOf(3));
    const abort = new AbortController();
    const closed = outbox.close(abort.signal);
    await vi.advanceTimersByTimeAsync(5000);
    abort.abort();
    await closed;
    outbox.add(batchOf(4));
    expect([lost, outbox.size]).toEqual([
      [
        [2, 'shutdown'],
        [3, 'shutdown'],
        [4, 'shutdown'],
      ],
      0,
    ]);
  });

  it('does not wait for a pipeline that never answers once its time is over', async () => {
    const { outbox, lost } = outboxTo(() => new Promise(() => undefined));
    outbox.add(batchOf(2));
    await outbox.close(AbortSignal.abort());
    expect(lost).toEqual([[2, 'shutdown']]);
  });

  it('keeps its batch as it was when a pipeline edits its own', async () => {
    const seen: unknown[] = [];
    const { outbox } = outboxTo((batch) => {
      seen.push(batchJson(batch));
      for (const group of batch.resources()) group.drop();
      if (seen.length === 1) throw LATER;
    });
    outbox.add(batchOf(2));
    await vi.runAllTimersAsync();
    expect(seen).toEqual([batchJson(batchOf(2)), batchJson(batchOf(2))]);
  });
});

function batchOf(records: number): Batch {
  const writer = new LogsWriter();
  for (let index = 0; index < records; index += 1) writer.record({ body: index });
  return writer.finish() as Batch;
}
