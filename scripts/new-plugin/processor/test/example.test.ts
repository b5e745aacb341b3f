import { batchJson, jsonBatch, sink, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { exampleProcessor } from '../src/index.ts';

it('writes the attribute where it is missing, and nowhere else', async () => {
  const config = exampleProcessor.configSchema.parse({ key: 'team', value: 'unknown' });
  const out = sink();
  const processor = exampleProcessor.create(testSettings({ kind: 'processor' }), config, out);
  const team = (stringValue: string) => ({ attributes: [{ key: 'team', value: { stringValue } }] });
  const scopeLogs = [{ logRecords: [{ severityNumber: 9 }] }];

  await processor.consume(
    jsonBatch({ resourceLogs: [{ scopeLogs }, { resource: team('billing'), scopeLogs }] }),
  );

  expect(out.batches.map(batchJson)).toEqual([
    {
      resourceLogs: [
        { resource: team('unknown'), scopeLogs },
        { resource: team('billing'), scopeLogs },
      ],
    },
  ]);
});
