import { nopHost, refuse, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { expect, test } from 'vitest';
import { type Batch, LogsWriter, PermanentError, periodicReceiver } from '../../src/index.ts';

function record(body: string): Batch | undefined {
  const writer = new LogsWriter();
  writer.record({ body });
  return writer.finish();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('looks at the start and then at the interval, and hands on what there is', async () => {
  const out = sink();
  let rounds = 0;
  const receiver = periodicReceiver(testSettings(), signalConsumer(out), {
    intervalMs: 1,
    look: () => (rounds++ % 2 === 0 ? record(`round ${rounds}`) : undefined),
  });
  await receiver.start?.(nopHost());
  await out.received(2);
  await receiver.shutdown?.();
  const bodies = out.batches.flatMap((batch) => batch.records().map((it) => it.kindOf === 'log' && it.body));
  expect(bodies.slice(0, 2)).toEqual(['round 1', 'round 3']);
});

test('a round is not overtaken, and the shutdown aborts it and waits for it', async () => {
  const out = sink();
  const steps: string[] = [];
  const receiver = periodicReceiver(testSettings(), signalConsumer(out), {
    intervalMs: 1,
    async look(stop) {
      steps.push('begins');
      await new Promise((resolve) => stop.addEventListener('abort', resolve));
      steps.push('ends');
      stop.throwIfAborted();
      return record('too late');
    },
  });
  await receiver.start?.(nopHost());
  await new Promise((resolve) => setTimeout(resolve, 20));
  await receiver.shutdown?.();
  expect({ steps, batches: out.batches }).toEqual({ steps: ['begins', 'ends'], batches: [] });
});

test('goes on after a round that throws, and logs it', async () => {
  const settings = testSettings();
  const receiver = periodicReceiver(settings, signalConsumer(sink()), {
    intervalMs: 1,
    look() {
      throw new Error('cannot look');
    },
  });
  await receiver.start?.(nopHost());
  await until(() => settings.logs.length >= 3);
  await receiver.shutdown?.();
  expect(settings.logs[2]).toEqual({
    level: 'warn',
    message: 'a round came to nothing',
    fields: { error: 'cannot look' },
  });
});

test('goes on after a batch that was refused', async () => {
  const settings = testSettings();
  const next = refuse(new PermanentError('EXPORT_REFUSED', 'never'));
  const receiver = periodicReceiver(settings, signalConsumer(next), {
    intervalMs: 1,
    look: () => record('refused'),
  });
  await receiver.start?.(nopHost());
  await until(() => next.attempts >= 3);
  await receiver.shutdown?.();
  expect(settings.logs).toEqual([]);
});

test('can be shut down without a start, and twice', async () => {
  const receiver = periodicReceiver(testSettings(), signalConsumer(sink()), {
    intervalMs: 1,
    look: () => undefined,
  });
  await receiver.shutdown?.();
  await receiver.shutdown?.();
});
