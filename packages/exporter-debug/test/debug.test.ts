import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nopHost, numberedBatch, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { debugConfigSchema } from '../src/config.ts';
import { createDebugExporter } from '../src/debug.ts';

const dirs: string[] = [];

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

function exporterTo(block: Record<string, unknown>) {
  const configDir = mkdtempSync(join(tmpdir(), 'exporter-debug-'));
  dirs.push(configDir);
  const settings = testSettings({ kind: 'exporter', id: 'debug', configDir });
  const config = debugConfigSchema.parse({ output_paths: ['out.txt'], ...block });
  const exporter = createDebugExporter(settings, config);
  const printed = (): string[] => readFileSync(join(configDir, 'out.txt'), 'utf8').trimEnd().split('\n');
  return { settings, exporter, printed };
}

describe('the debug exporter', () => {
  it('prints a line for each record and counts it', async () => {
    const { settings, exporter, printed } = exporterTo({});
    await exporter.start?.(nopHost());
    expect(exporter.consume(numberedBatch('logs', [1, 2]))).toBeUndefined();
    exporter.consume(numberedBatch('traces', [3]));
    await exporter.shutdown?.();
    expect(printed().map((line) => line.slice(14))).toEqual([
      'log     testkit   INFO  record 1',
      'log     testkit   INFO  record 2',
      'span    testkit   span 3  client  0 µs  unset  trace 00000000000000000000000000000004 span 0000000000000004',
    ]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_exporter_sent_log_records{exporter="debug"}': 2,
      'otelcol_exporter_sent_spans{exporter="debug"}': 1,
    });
  });

  it('keeps large batches apart that are printed at the same time', async () => {
    const { exporter, printed } = exporterTo({ verbosity: 'detailed' });
    await exporter.start?.(nopHost());
    const sizes = [3000, 2000, 1];
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
    await Promise.all(sizes.map((count) => exporter.consume(numberedBatch('logs', numbers(count)))));
    await exporter.shutdown?.();
    const heads = printed().filter((line) => /^(ResourceLogs|LogRecord) #/.test(line));
    expect(heads).toEqual(
      sizes.flatMap((count) => [
        'ResourceLogs #0',
        ...numbers(count).map((number) => `LogRecord #${number}`),
      ]),
    );
  });

  it('leaves out what sampling leaves out, and counts it', async () => {
    const { settings, exporter, printed } = exporterTo({ sampling_initial: 1, sampling_thereafter: 0 });
    await exporter.start?.(nopHost());
    // All within one second, or within two.
    for (let number = 0; number < 100; number += 1) exporter.consume(numberedBatch('logs', [number]));
    await exporter.shutdown?.();
    const counts = settings.registry.snapshot();
    expect(counts).toEqual({
      'otelcol_exporter_debug_unprinted_batches{exporter="debug"}': 100 - printed().length,
      'otelcol_exporter_sent_log_records{exporter="debug"}': 100,
    });
    expect(printed().length).toBeLessThanOrEqual(2);
  });

  it('writes to the log where it is told to', async () => {
    const { settings, exporter } = exporterTo({ use_internal_logger: true, output_paths: ['stdout'] });
    await exporter.start?.(nopHost());
    exporter.consume(numberedBatch('logs', [1, 2]));
    await exporter.shutdown?.();
    expect(settings.logs.map(({ level, message }) => [level, message.slice(14)])).toEqual([
      ['info', 'log     testkit   INFO  record 1'],
      ['info', 'log     testkit   INFO  record 2'],
    ]);
  });

  it('counts what it cannot print, says so once, and refuses nothing', async () => {
    const { settings, exporter } = exporterTo({ output_paths: ['/dev/full'] });
    await exporter.start?.(nopHost());
    while (settings.reported.length === 0) {
      await exporter.consume(numberedBatch('logs', [1]));
      await new Promise(setImmediate);
    }
    const sentBefore =
      settings.registry.snapshot()['otelcol_exporter_sent_log_records{exporter="debug"}'] ?? 0;
    await exporter.consume(numberedBatch('logs', [1, 2, 3]));
    await exporter.shutdown?.();
    const error = new Error(
      'debug: nothing can be printed to /dev/full any more (ENOSPC: no space left on device, write).',
    );
    expect(settings.reported).toEqual([{ status: 'permanent_error', error }]);
    expect(settings.registry.snapshot()).toEqual({
      ...(sentBefore === 0 ? {} : { 'otelcol_exporter_sent_log_records{exporter="debug"}': sentBefore }),
      'otelcol_exporter_send_failed_log_records{error.permanent="true",error.type="PartialSuccess",exporter="debug"}': 4,
    });
  });
});
