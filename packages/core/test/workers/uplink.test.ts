import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Batch, type Consumer, PermanentError, RetryableError, TelemetryRegistry } from '@tributary/core';
import { batchJson, numberedBatch, numbersOf, sink } from '@tributary/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Downlink } from '../../src/workers/downlink.ts';
import type { FromWorker, ToWorker } from '../../src/workers/messages.ts';
import { Uplink, type UplinkLimits } from '../../src/workers/uplink.ts';

/** An uplink and the main thread's end of it, with a real channel between them. */
function connect(entries: readonly Consumer[], limits?: UplinkLimits) {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const registry = new TelemetryRegistry();
  const uplink = new Uplink(port1, registry.process(), limits);
  const downlink = new Downlink(port2, entries);
  const messages: number[] = [];
  port2.on('message', (message: FromWorker) => {
    if (message.kind !== 'batches') return;
    messages.push(message.batches.length);
    downlink.take(message.batches);
  });
  port1.on('message', (message: ToWorker) => {
    if (message.kind === 'answers') uplink.settle(message.accepted, message.refused);
  });
  return { uplink, registry, messages };
}

/** What a promise comes to: nothing, or the error's class, code, text, status and delay. */
async function outcome(settled: void | Promise<void>): Promise<unknown> {
  try {
    await settled;
    return 'accepted';
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof RetryableError)) return String(error);
    const { name, code, message, status } = error;
    return [name, code, message, status, error instanceof RetryableError ? error.delayMs : undefined];
  }
}

describe('a batch that crosses', () => {
  it.each([true, false])('arrives as it was, in order, with its meta (sole owner: %s)', async (isSole) => {
    const kept = sink();
    const { uplink, messages } = connect([kept]);
    const meta = {
      transport: 'http',
      peerAddress: '10.2.7.31',
      metadata: new Map([['x-tenant', ['acme']]]),
    };
    const batches = (['traces', 'metrics', 'logs'] as const).map((signal, index) =>
      numberedBatch(signal, [index, index + 10], meta),
    );
    const expected = batches.map(batchJson);
    const next = uplink.to(0, isSole);
    await Promise.all(batches.map((batch) => next.consume(batch)));
    expect(kept.batches.map(batchJson)).toEqual(expected);
    expect(kept.batches.map((batch) => batch.meta)).toEqual([meta, meta, meta]);
    expect(kept.batches.map((batch) => batch.itemCount)).toEqual([2, 2, 2]);
    // All of one turn of the event loop go together.
    expect(messages).toEqual([3]);
  });

  it('leaves its bytes alone where others have them too', async () => {
    const kept = sink();
    const { uplink } = connect([kept]);
    const batch = Batch.decode('traces', new Uint8Array(numberedBatch('traces', [1, 2, 3]).toBytes()));
    await uplink.to(0, false).consume(batch);
    expect([numbersOf(batch), kept.batches.map(numbersOf)]).toEqual([[1, 2, 3], [[1, 2, 3]]]);
  });

  it('takes its bytes along where nobody else has them', async () => {
    const kept = sink();
    const { uplink } = connect([kept]);
    const bytes = new Uint8Array(numberedBatch('traces', [1, 2, 3]).toBytes());
    await uplink.to(0, true).consume(Batch.decode('traces', bytes));
    expect([bytes.length, kept.batches.map(numbersOf)]).toEqual([0, [[1, 2, 3]]]);
  });

  it('enters where it is sent to', async () => {
    const entries = [sink(), sink()];
    const { uplink } = connect(entries);
    await uplink.to(1, true).consume(numberedBatch('logs', [1]));
    expect(entries.map(({ itemCount }) => itemCount)).toEqual([0, 1]);
  });

  it.each([
    [
      new PermanentError('EXPORT_REFUSED', 'never.', { status: 3 }),
      ['PermanentError', 'EXPORT_REFUSED', 'never.', 3, undefined],
    ],
    [
      new RetryableError('EXPORT_UNAVAILABLE', 'later.', { delayMs: 250, status: 14 }),
      ['RetryableError', 'EXPORT_UNAVAILABLE', 'later.', 14, 250],
    ],
    [new Error('nobody knows'), 'Error: nobody knows'],
  ])('is refused as the main thread refused it: %s', async (error, expected) => {
    const throwing: Consumer = {
      consume: () => {
        throw error;
      },
    };
    const rejecting: Consumer = { consume: () => Promise.reject(error) };
    const { uplink } = connect([throwing, rejecting]);
    const results = [0, 1].map((entry) =>
      outcome(uplink.to(entry, true).consume(numberedBatch('logs', [1]))),
    );
    expect(await Promise.all(results)).toEqual([expected, expected]);
  });

  it('is settled when the main thread has settled it, whatever settles meanwhile', async () => {
    const first = Promise.withResolvers<void>();
    const waiting = [first.promise, Promise.resolve()];
    const { uplink } = connect([{ consume: () => waiting.shift()! }]);
    const order: number[] = [];
    const next = uplink.to(0, true);
    const sent = [1, 2].map(async (number) => {
      await next.consume(numberedBatch('logs', [number]));
      order.push(number);
    });
    await sent[1];
    first.resolve();
    await sent[0];
    expect(order).toEqual([2, 1]);
  });
});

describe('what is under way', () => {
  const refusal = (batches: number, bytes: number): unknown => [
    'RetryableError',
    'WORKER_BUSY',
    `workers: ${batches} batches with ${bytes} bytes are on their way to the main thread, which takes no more log records now. Send them again later.`,
    undefined,
    1000,
  ];

  it.each(['batches', 'bytes'])(
    'is bounded in %s: one more is refused and counted, until something settles',
    async (what) => {
      const size = numberedBatch('logs', [1]).byteLength;
      const limits =
        what === 'batches' ? { maxBatches: 2, maxBytes: 1e9 } : { maxBatches: 99, maxBytes: 2 * size };
      const held: PromiseWithResolvers<void>[] = [];
      const consume = (): Promise<void> => {
        const settling = Promise.withResolvers<void>();
        held.push(settling);
        return settling.promise;
      };
      const { uplink, registry } = connect([{ consume }], limits);
      const next = uplink.to(0, true);
      const send = async (): Promise<unknown> =>
        outcome((async () => next.consume(numberedBatch('logs', [1])))());
      const sent = [send(), send()];
      expect(await send()).toEqual(refusal(2, 2 * size));
      expect(registry.snapshot()).toEqual({
        otelcol_workers_crossing_batches: 2,
        otelcol_workers_crossing_size: 2 * size,
        'otelcol_workers_refused_items{otel.signal="logs"}': 1,
      });
      while (held.length < 2) await new Promise(setImmediate);
      held[0]!.resolve();
      await sent[0];
      const third = send();
      while (held.length < 3) await new Promise(setImmediate);
      for (const { resolve } of held) resolve();
      expect(await Promise.all([...sent, third])).toEqual(['accepted', 'accepted', 'accepted']);
    },
  );

  it('has room for one batch of any size', async () => {
    const { uplink } = connect([sink()], { maxBatches: 1, maxBytes: 1 });
    expect(await outcome(uplink.to(0, true).consume(numberedBatch('logs', [1, 2, 3])))).toBe('accepted');
  });
});

it('an answer to what is not under way is ignored', () => {
  const { uplink } = connect([]);
  uplink.settle(
    [77],
    [{ id: 78, isPermanent: true, code: undefined, message: '', status: undefined, delayMs: undefined }],
  );
});

it('batches for a worker that is gone are handed on all the same', () => {
  const kept = sink();
  const { port1, port2 } = new MessageChannel();
  const gone: MessagePort = port2;
  port1.close();
  const bytes = new Uint8Array(numberedBatch('logs', [5]).toBytes());
  new Downlink(gone, [kept]).take([{ id: 1, entry: 0, signal: 'logs', items: 1, bytes, meta: {} }]);
  expect(kept.batches.map(numbersOf)).toEqual([[5]]);
});
