import { readFileSync } from 'node:fs';
import path from 'node:path';
import { goldenCases, sink, testSettings } from '@tributary/testkit';
import { describe, it } from 'vitest';
import { resourceProcessor } from '../src/index.ts';

describe('the resource processor', () => {
  for (const golden of goldenCases(path.join(import.meta.dirname, '../testdata'))) {
    it(`edits resources and nothing else: ${golden.name}`, async () => {
      const block: unknown = JSON.parse(readFileSync(path.join(golden.dir, 'config.json'), 'utf8'));
      const config = resourceProcessor.configSchema.parse(block);
      const out = sink();
      await resourceProcessor.create(testSettings(), config, out).consume(golden.inputBatch());
      golden.expect(out.batches);
    });
  }
});
