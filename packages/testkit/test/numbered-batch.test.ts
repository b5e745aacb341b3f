import { SIGNALS } from '@tributary/core';
import { batchJson, jsonBatch, numberedBatch, numbersOf } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';

describe.each(SIGNALS)('a numbered batch of %s', (signal) => {
  it('has one item for each number', () => {
    const batch = numberedBatch(signal, [3, 1, 2], { transport: 'grpc' });
    expect([batch.signal, batch.itemCount, numbersOf(batch), batch.meta]).toEqual([
      signal,
      3,
      [3, 1, 2],
      { transport: 'grpc' },
    ]);
  });

  it('is the same for the same numbers', () => {
    expect(numberedBatch(signal, [1, 2]).toBytes()).toEqual(numberedBatch(signal, [1, 2]).toBytes());
  });

  it('goes through OTLP/JSON unchanged', () => {
    const json = batchJson(numberedBatch(signal, [1, 2])) as Record<string, unknown>;
    const again = jsonBatch(json);
    expect([batchJson(again), numbersOf(again)]).toEqual([json, [1, 2]]);
  });
});

it('a request of no signal is refused', () => {
  expect(() => jsonBatch({ resourceSpanz: [] })).toThrow(
    new Error(
      'OTLP/JSON request: no signal (resourceSpanz). It begins with resourceSpans, resourceMetrics or resourceLogs.',
    ),
  );
});
