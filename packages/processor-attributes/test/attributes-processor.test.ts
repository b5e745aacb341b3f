import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Batch } from '@tributary/core';
import { batchJson, goldenCases, jsonBatch, sink, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { attributesProcessor } from '../src/index.ts';

/** What the processor makes of a batch. */
async function process(block: unknown, batch: Batch): Promise<readonly Batch[]> {
  const config = attributesProcessor.configSchema.parse(block);
  const out = sink();
  const settings = testSettings({ kind: 'processor', id: 'attributes', pipeline: `${batch.signal}/test` });
  await attributesProcessor.create(settings, config, out).consume(batch);
  return out.batches;
}

describe('the attributes processor', () => {
  for (const golden of goldenCases(path.join(import.meta.dirname, '../testdata'))) {
    it(`gives what the Collector gives: ${golden.name}`, async () => {
      const block: unknown = JSON.parse(readFileSync(path.join(golden.dir, 'config.json'), 'utf8'));
      golden.expect(await process(block, golden.inputBatch()));
    });
  }

  it('passes a batch without items on', async () => {
    const [batch] = await process(
      { actions: [{ key: 'a', value: 1, action: 'insert' }] },
      jsonBatch({ resourceSpans: [] }),
    );
    expect(batch === undefined ? undefined : batchJson(batch)).toEqual({});
  });

  it('reads the client from the meta of the batch', async () => {
    const meta = { peerAddress: '10.0.0.7', metadata: new Map([['x-tenant', ['blue', 'green']]]) };
    const input = jsonBatch(
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: 9 }] }] }] },
      meta,
    );
    const [batch] = await process(
      {
        actions: [
          { key: 'client', from_context: 'client.address', action: 'insert' },
          { key: 'tenant', from_context: 'metadata.X-Tenant', action: 'insert' },
        ],
      },
      input,
    );
    const [record] = batch?.records() ?? [];
    expect(record?.kindOf === 'log' ? record.attributes.entries() : undefined).toEqual([
      ['client', '10.0.0.7'],
      ['tenant', 'blue;green'],
    ]);
  });

  it('gives the error of what follows to the caller', () => {
    const config = attributesProcessor.configSchema.parse({
      actions: [{ key: 'a', value: 1, action: 'insert' }],
    });
    const error = new Error('no');
    const next = {
      consume: () => {
        throw error;
      },
    };
    const processor = attributesProcessor.create(testSettings({ pipeline: 'logs' }), config, next);
    expect(() => processor.consume(jsonBatch({ resourceLogs: [] }))).toThrow(error);
  });
});
