import { numberedBatch, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { exampleExporter } from '../src/index.ts';

it('logs a line for each batch', async () => {
  const config = exampleExporter.configSchema.parse({ message: 'delivered' });
  const settings = testSettings({ kind: 'exporter' });
  const exporter = exampleExporter.create(settings, config);
  const batch = numberedBatch('traces', [1, 2]);

  await exporter.consume(batch);

  const fields = { signal: 'traces', items: 2, bytes: batch.byteLength };
  expect(settings.logs).toEqual([{ level: 'info', message: 'delivered', fields }]);
});
