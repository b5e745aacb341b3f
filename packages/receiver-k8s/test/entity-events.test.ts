import { type Batch, Outbox } from '@tributary/core';
import { ClusterFacts } from '@tributary/kubernetes';
import { testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { EntityEvents } from '../src/entities/entity-events.ts';

/** A `core.v1.Namespace { 1 metadata { 1 name · 5 uid · 6 resourceVersion } }`. */
function namespace(name: string, version: string): Buffer {
  return field(1, Buffer.concat([field(1, name), field(5, `uid-${name}`), field(6, version)]));
}

function field(number: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content]);
}

it.each([
  ['take what is told', false, { told: 2, lost: [] }],
  ['take nothing', true, { told: 0, lost: [[1, 'shutdown']] }],
] as const)(
  'at the end deletions are told, or counted as lost, where the pipelines %s',
  async (_, isFull, expected) => {
    const { telemetry, context } = testSettings();
    const facts = new ClusterFacts(context, { telemetry });
    const batches: Batch[] = [];
    const outbox = new Outbox(
      { consume: (batch: Batch) => void batches.push(batch) },
      { maxRecords: isFull ? 0 : 100, onLost: () => undefined },
    );
    const lost: unknown[] = [];
    const onLost = (count: number, reason: string): void => void lost.push([count, reason]);
    const events = new EntityEvents({ facts, outbox, version: '1', intervalMs: 0, onLost });
    events.start();
    const handler = facts.handler('namespaces');
    handler.seen(namespace('stays', '1'), 1_000);
    handler.seen(namespace('goes', '2'), 1_000);
    handler.deleted(namespace('goes', '3'), 2_000);
    events.close();
    await outbox.close();
    expect({ told: batches.reduce((sum, { itemCount }) => sum + itemCount, 0), lost }).toEqual(expected);
  },
);
