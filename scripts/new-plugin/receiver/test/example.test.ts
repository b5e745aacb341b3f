import { nopHost, signalConsumer, sink, testSettings } from '@tributary/testkit';
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
