// A program for stdout.test.ts: prints as many records as its argument says, each in a batch of its own, and writes to
// stderr how far it is and how much text waits for the reader.
import { nopHost, numberedBatch, testSettings } from '@tributary/testkit';
import { debugExporter } from '../src/index.ts';

const settings = testSettings({ kind: 'exporter', id: 'debug' });
const config = debugExporter.configSchema.parse({});
const exporter = debugExporter.create(settings, config);
await exporter.start?.(nopHost());
for (let number = 0; number < Number(process.argv[2]); number += 1) {
  const printed = exporter.consume(numberedBatch('logs', [number]));
  if (printed !== undefined) {
    process.stderr.write(`waiting ${process.stdout.writableLength}\n`);
    await printed;
  }
}
await exporter.shutdown?.();
process.stderr.write(`done ${JSON.stringify(settings.reported.map(({ error }) => error?.message))}\n`);
