import { numberedBatch, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { nopExporter } from '../src/index.ts';

it('accepts at once and counts what it was given', () => {
  const settings = testSettings({ kind: 'exporter', id: 'nop' });
  const exporter = nopExporter.create(settings, nopExporter.configSchema.parse({}));
  expect(exporter.consume(numberedBatch('traces', [1, 2]))).toBeUndefined();
  exporter.consume(numberedBatch('metrics', [3]));
  exporter.consume(numberedBatch('logs', []));
  expect(settings.registry.snapshot()).toEqual({
    'otelcol_exporter_sent_metric_points{exporter="nop"}': 1,
    'otelcol_exporter_sent_spans{exporter="nop"}': 2,
  });
});

it('refuses any setting', () => {
  expect(nopExporter.configSchema.safeParse({ endpoint: 'x' }).error?.issues).toMatchObject([
    { code: 'unrecognized_keys', keys: ['endpoint'] },
  ]);
});
