import { Batch, LogRecordReader, LogsWriter } from '@tributary/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SocketOwner } from '../../src/flows/socket-owner.ts';
import { SocketOwners } from '../../src/flows/socket-owners.ts';

const KEYS = ['container.id', 'k8s.pod.uid', 'systemd.user_unit.name', 'systemd.unit.name'] as const;
const NAMES = ['containerId', 'podUid', 'userUnit', 'unit'] as const;

interface Told {
  readonly host: string;
  readonly names: readonly (string | number | undefined)[];
}

/** Finds the owner of each, one record after the other, all in one batch. */
function find(owners: SocketOwners, reader: LogRecordReader, told: readonly Told[]): SocketOwner[] {
  const writer = new LogsWriter();
  for (const { names } of told) {
    const attributes = Object.fromEntries(KEYS.map((key, index) => [key, names[index]]));
    writer.record({ attributes: { other: 'x', ...attributes } });
  }
  const batch = writer.finish();
  const found: SocketOwner[] = [];
  if (batch === undefined) return found;
  Batch.decode('logs', batch.toBytes()).editItemBytes({
    edit: (item) => {
      reader.open(item);
      owners.enter(told[found.length]!.host);
      found.push(owners.find(item.memory));
    },
  });
  return found;
}

function newOwners(): { owners: SocketOwners; reader: LogRecordReader } {
  const reader = new LogRecordReader(KEYS);
  return { owners: new SocketOwners(reader, [0, 1, 2, 3]), reader };
}

const nameArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'ab', 'a-longer-name', 'b-longer-name', '') },
  fc.string({ maxLength: 3 }),
  // From 126 bytes on, a name is not in the short form; from 256 on, it is not kept.
  fc.integer({ min: 120, max: 300 }).map((length) => 'x'.repeat(length)),
  fc.constantFrom(undefined, 7),
);
const toldArbitrary = fc.record({
  host: fc.constantFrom('node-1', 'node-2', ''),
  names: fc.array(nameArbitrary, { minLength: 4, maxLength: 4 }),
});

test('an owner has the names that its record tells and no others, whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(toldArbitrary, { maxLength: 40 }), (told) => {
      const { owners, reader } = newOwners();
      for (const [index, owner] of find(owners, reader, told).entries()) {
        const { host, names } = told[index]!;
        const expected = NAMES.map((name, at) => {
          const text = names[at];
          return [name, typeof text === 'string' ? text : ''];
        });
        const { number: _, ...found } = owner;
        expect(found).toEqual({ ...Object.fromEntries(expected), hostName: host });
      }
    }),
    { numRuns: 300 },
  );
});

test('an owner is made once, however many there are and in whatever form its names are written', () => {
  const { owners, reader } = newOwners();
  const told = Array.from({ length: 5000 }, (_, index) => ({
    host: 'node-1',
    names: [`container-${index}`, `pod-${index % 7}`, undefined, index % 3 === 0 ? 'u'.repeat(200) : 7],
  }));
  const first = find(owners, reader, told);
  expect(new Set(first).size).toBe(told.length);
  const again = find(owners, reader, told);
  expect(again.filter((owner, index) => owner !== first[index])).toEqual([]);
});

test('an owner of the same names on another host is another', () => {
  const { owners, reader } = newOwners();
  const names = ['container', undefined, undefined, undefined];
  const [one, other] = find(owners, reader, [
    { host: 'node-1', names },
    { host: 'node-2', names },
  ]);
  expect([one!.hostName, other!.hostName]).toEqual(['node-1', 'node-2']);
});

test('owners of the same names on many hosts are each made once', () => {
  const { owners, reader } = newOwners();
  const told = Array.from({ length: 500 }, (_, index) => ({
    host: `node-${index}`,
    names: [undefined, undefined, undefined, 'kubelet.service'],
  }));
  const first = find(owners, reader, told);
  expect(new Set(first).size).toBe(told.length);
  expect(find(owners, reader, told).filter((owner, index) => owner !== first[index])).toEqual([]);
});

test('an owner is made anew now and then, so that no pod is kept that has gone', () => {
  const { owners, reader } = newOwners();
  const told = { host: 'node-1', names: ['container', 'pod', undefined, undefined] };
  const [first] = find(owners, reader, [told]);
  owners.age(10 * 60_000 - 1);
  const [second] = find(owners, reader, [told]);
  owners.age(10 * 60_000);
  const [third] = find(owners, reader, [told]);
  expect([second === first, third === first, third?.equals(first!)]).toEqual([true, false, true]);
});
