/** Which bytes move to the main thread, which are copied, and what becomes of what cannot cross. */
import { MessageChannel } from 'node:worker_threads';
import { Batch, TelemetryRegistry } from '@tributary/core';
import { numberedBatch, numbersOf, sink } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { Downlink } from '../../src/workers/downlink.ts';
import type { FromWorker, ToWorker } from '../../src/workers/messages.ts';
import { Uplink } from '../../src/workers/uplink.ts';

/** What takes batches by way of a real channel to a sink. */
function connect() {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const kept = sink();
  const registry = new TelemetryRegistry();
  const uplink = new Uplink(port1, registry.process());
  const downlink = new Downlink(port2, [kept]);
  port2.on('message', (message: FromWorker) => {
    if (message.kind === 'batches') downlink.take(message.batches);
  });
  port1.on('message', (message: ToWorker) => {
    if (message.kind === 'answers') uplink.settle(message.accepted, message.refused);
  });
  return { next: uplink.to(0, true), kept, registry };
}

/** A batch whose bytes fill a buffer of their own. */
function ownBatch(numbers: readonly number[]): Batch {
  return Batch.trusted('logs', new Uint8Array(numberedBatch('logs', numbers).toBytes()));
}

function emptied(): Batch {
  const batch = ownBatch([1, 2]);
  for (const group of batch.resources()) group.drop();
  return batch;
}

it('a batch and its fork arrive both, in one turn of the event loop or one after the other', async () => {
  const { next, kept } = connect();
  const [first, second] = [ownBatch([1, 2]), ownBatch([3])];
  const forks = [first.fork(), second.fork()];
  await Promise.all([next.consume(first), next.consume(forks[0]!)]);
  await next.consume(second);
  await next.consume(forks[1]!);
  expect(kept.batches.map(numbersOf)).toEqual([[1, 2], [1, 2], [3], [3]]);
});

it('two batches over one buffer arrive both', async () => {
  const { next, kept } = connect();
  const bytes = new Uint8Array(numberedBatch('logs', [4]).toBytes());
  await Promise.all([1, 2].map(() => next.consume(Batch.trusted('logs', bytes))));
  expect(kept.batches.map(numbersOf)).toEqual([[4], [4]]);
});

it('batches of which everything was dropped arrive empty, however many', async () => {
  const { next, kept } = connect();
  await Promise.all([next.consume(emptied()), next.consume(emptied())]);
  await next.consume(emptied());
  expect(kept.batches.map(({ itemCount }) => itemCount)).toEqual([0, 0, 0]);
});

it('a batch that cannot cross is refused, and those beside it arrive', async () => {
  const { next, kept, registry } = connect();
  const bytes = new Uint8Array(numberedBatch('logs', [6]).toBytes());
  const metadata = new Map([['x-tenant', (() => 'acme') as unknown as string[]]]);
  const batches = [
    ownBatch([5]),
    Batch.trusted('logs', bytes),
    Batch.trusted('logs', ownBatch([7]).toBytes(), { metadata }),
    ownBatch([8]),
  ];
  const sent = batches.map((batch) => next.consume(batch));
  structuredClone(bytes, { transfer: [bytes.buffer] });
  const outcomes = await Promise.allSettled(sent);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(kept.batches.map(numbersOf)).toEqual([[5], [8]]);
  // Nothing is under way any more.
  expect(registry.snapshot()).toEqual({});
});
