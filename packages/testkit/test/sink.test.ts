import { PermanentError } from '@tributary/core';
import { nopConsumer, numberedBatch, refuse, signalConsumer, sink } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';

describe('a sink', () => {
  it('keeps what it is given, synchronously', () => {
    const kept = sink();
    const batches = [numberedBatch('logs', [1, 2]), numberedBatch('traces', [3])];
    expect(batches.map((batch) => kept.consume(batch))).toEqual([undefined, undefined]);
    expect(kept.batches).toEqual(batches);
    expect(kept.itemCount).toBe(3);
  });

  it('tells when enough has come, also when it had come before', async () => {
    const kept = sink();
    const waiting = kept.received(3);
    kept.consume(numberedBatch('logs', [1, 2]));
    kept.consume(numberedBatch('logs', [3]));
    expect(await waiting).toBe(kept.batches);
    expect(await kept.received(2)).toBe(kept.batches);
  });

  it('says how much came when too little did', async () => {
    const kept = sink();
    kept.consume(numberedBatch('logs', [1, 2]));
    await expect(kept.received(3, 1)).rejects.toThrow(new Error('sink: 2 of 3 items came within 1 ms.'));
  });

  it('forgets what came', () => {
    const kept = sink();
    kept.consume(numberedBatch('logs', [1, 2]));
    kept.clear();
    expect([kept.batches, kept.itemCount]).toEqual([[], 0]);
  });
});

describe('consumers for tests', () => {
  it('refuse by throwing or by rejecting, and count', async () => {
    const error = new PermanentError('EXPORT_REFUSED', 'no.');
    const throwing = refuse(error);
    const rejecting = refuse(error, { async: true });
    expect(() => throwing.consume(numberedBatch('logs', [1]))).toThrow(error);
    await expect(rejecting.consume(numberedBatch('logs', [1]))).rejects.toBe(error);
    expect([throwing.attempts, rejecting.attempts]).toEqual([1, 1]);
  });

  it('stand for the pipelines of a receiver, and refuse the signals that they are not for', () => {
    const kept = sink();
    const next = signalConsumer(kept, ['logs']);
    next.consume(numberedBatch('logs', [1]));
    expect(kept.itemCount).toBe(1);
    expect(() => next.consume(numberedBatch('traces', [1]))).toThrow(
      new PermanentError('SIGNAL_UNSUPPORTED', 'traces: no pipeline takes this signal.'),
    );
    expect(signalConsumer(nopConsumer()).signals).toEqual(new Set(['traces', 'metrics', 'logs']));
  });
});
