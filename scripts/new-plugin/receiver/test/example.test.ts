import { PermanentError } from '@tributary/core';
import { nopHost, refuse, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { exampleReceiver } from '../src/index.ts';

it('makes records at the interval', async () => {
  const config = exampleReceiver.configSchema.parse({ interval: '1ms', body: 'tick' });
  const out = sink();
  const receiver = exampleReceiver.create(testSettings(), config, signalConsumer(out));

  await receiver.start?.(nopHost());
  await out.received(2);
  await receiver.shutdown?.();

  const bodies = out.batches.flatMap((batch) =>
    [...batch.records()].map((record) => (record.kindOf === 'log' ? record.body : undefined)),
  );
  expect(bodies.slice(0, 2)).toEqual(['tick', 'tick']);
});

it('counts what the pipeline refuses', async () => {
  const config = exampleReceiver.configSchema.parse({ interval: '1ms' });
  const settings = testSettings({ kind: 'receiver', id: 'example' });
  const next = refuse(new PermanentError('EXPORT_REFUSED', 'never'));
  const receiver = exampleReceiver.create(settings, config, signalConsumer(next));

  await receiver.start?.(nopHost());
  while (settings.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await receiver.shutdown?.();

  expect(settings.registry.snapshot()).toEqual({
    'otelcol_receiver_example_dropped_records{receiver="example"}': next.attempts,
  });
  expect(settings.logs[0]).toEqual({
    level: 'warn',
    message: 'the pipeline refused a record',
    fields: { error: 'PermanentError: never' },
  });
});
