import { numberedBatch, numbersOf, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { exampleConnector } from '../src/index.ts';

it('passes on the signals that it is told to, and counts the others', async () => {
  const config = exampleConnector.configSchema.parse({ signals: ['logs'] });
  const out = sink();
  const settings = testSettings({ kind: 'connector', id: 'example' });
  const connector = exampleConnector.create(settings, config, signalConsumer(out));

  await connector.consume(numberedBatch('logs', [1, 2]));
  await connector.consume(numberedBatch('traces', [3]));

  expect(out.batches.map((batch) => [batch.signal, numbersOf(batch)])).toEqual([['logs', [1, 2]]]);
  expect(settings.registry.snapshot()).toEqual({
    'otelcol_connector_example_dropped_items{connector="example"}': 1,
  });
});
