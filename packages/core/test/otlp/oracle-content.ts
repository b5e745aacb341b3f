/** What must hold of a batch whose content is known as plain data. */
import { expect } from 'vitest';
import { Batch, type Signal } from '../../src/index.ts';
import { decode, type Plain } from './oracle.ts';
import { filled } from './oracle-plain.ts';
import { batchView, countItems, LEVELS, list, metricData, plainView } from './oracle-view.ts';

/** Compares counts, sizes, bytes and accessors of a batch, and of the batch that its bytes make. */
export function expectContent(signal: Signal, batch: Batch, plain: Plain): void {
  expect(batch.itemCount).toBe(countItems(signal, plain));
  const bytes = batch.toBytes();
  expect(batch.byteLength).toBe(bytes.length);
  expect(filled(signal, decode(signal, bytes))).toStrictEqual(plain);
  expect(Buffer.concat(batch.toChunks()).equals(bytes)).toBe(true);
  expect(batchView(batch)).toStrictEqual(plainView(signal, plain));
  expect(batchView(Batch.decode(signal, bytes))).toStrictEqual(plainView(signal, plain));
}

/**
 * A request as the list of its items, each with all that stands above it; messages that hold no item stand for themselves.
 * Two requests with the same list say the same, however their items are grouped. A request without a group says nothing.
 */
export function flatten(signal: Signal, plain: Plain): unknown[] {
  const [groups, scopes, records] = LEVELS[signal];
  if (list(plain[groups]).length === 0) return [];
  return leaves([plain], groups, [without(plain, groups)], (group, inGroup) =>
    leaves([group], scopes, [...inGroup, without(group, scopes)], (scope, inScope) =>
      leaves([scope], records, [...inScope, without(scope, records)], (record, inRecords) => {
        if (signal !== 'metrics') return [[...inRecords, record]];
        const member = metricData(record);
        if (member === undefined) return [[...inRecords, record]];
        const head = { ...record, [member.type]: without(member.data, 'dataPoints') };
        return leaves([member.data], 'dataPoints', [...inRecords, head], (point, above) => [
          [...above, point],
        ]);
      }),
    ),
  );
}

function leaves(
  parents: readonly Plain[],
  key: string,
  above: readonly unknown[],
  below: (child: Plain, above: readonly unknown[]) => unknown[],
): unknown[] {
  const children = parents.flatMap((parent) => list(parent[key]));
  return children.length === 0 ? [above] : children.flatMap((child) => below(child, above));
}

function without(plain: Plain, key: string): Plain {
  return Object.fromEntries(Object.entries(plain).filter(([name]) => name !== key));
}
