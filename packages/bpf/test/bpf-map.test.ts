import { beforeEach, describe, expect, it } from 'vitest';
import type { BpfMap } from '../src/index.ts';
import { u32, withFixture } from './fixture.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

beforeEach(skipWithoutBpf);

describe('BpfMap', () => {
  it('reads what was written, and nothing where nothing is', async () => {
    await withFixture({}, (object) => {
      const table = object.map('table');
      expect(table.lookup(u32(1))).toBeUndefined();
      table.update(u32(1), valueWith(11));
      expect(table.lookup(u32(1))).toEqual(valueWith(11));
      table.update(u32(1), valueWith(12));
      expect(table.lookup(u32(1))).toEqual(valueWith(12));
    });
  });

  it('tells whether there was an entry to delete', async () => {
    await withFixture({}, (object) => {
      const table = object.map('table');
      table.update(u32(1), valueWith(1));
      expect([table.delete(u32(1)), table.delete(u32(1)), table.lookup(u32(1))]).toEqual([
        true,
        false,
        undefined,
      ]);
    });
  });

  it('refuses keys and values of another size before the kernel reads beyond them', async () => {
    await withFixture({}, (object) => {
      const table = object.map('table');
      expect(() => table.lookup(new Uint8Array(3))).toThrow(
        'bpf: map "table": the key has 3 bytes, the map\'s have 4. Build the object with `npm run bpf`.',
      );
      expect(() => table.update(u32(1), new Uint8Array(8))).toThrow(
        "the value has 8 bytes, the map's have 24",
      );
    });
  });

  it('says that a map is full', async () => {
    await withFixture({ maxEntries: { table: 1 } }, (object) => {
      const table = object.map('table');
      table.update(u32(1), valueWith(1));
      expect(() => table.update(u32(2), valueWith(2))).toThrow(
        'bpf: map "table" cannot be written (E2BIG: argument list too long). Report it, with the version of the kernel.',
      );
    });
  });

  it('has a value for each CPU', async () => {
    await withFixture({}, (object) => {
      const map = object.map('per_cpu');
      expect(map.valueStride).toBe(8);
      const values = new Uint8Array(map.entryBytes);
      const view = new DataView(values.buffer);
      for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1)
        view.setUint32(cpu * map.valueStride, cpu + 5, true);
      map.update(u32(1), values);
      expect(map.lookup(u32(1))).toEqual(values);
    });
  });

  it.each([1, 7, 1024])(
    'reads all entries in batches of %i, growing them as buckets need',
    async (batchEntries) => {
      await withFixture({}, (object) => {
        const table = object.map('table');
        const expected = new Map<number, number>();
        for (let key = 0; key < 500; key += 1) {
          table.update(u32(key), valueWith(key * 3));
          expected.set(key, key * 3);
        }
        expect(entriesOf(table, { batchEntries })).toEqual(expected);
        expect(entriesOf(table, { batchEntries, remove: true })).toEqual(expected);
        expect(entriesOf(table, { batchEntries })).toEqual(new Map());
      });
    },
  );
});

function valueWith(sum: number): Uint8Array {
  const value = new Uint8Array(24);
  new DataView(value.buffer).setBigUint64(0, BigInt(sum), true);
  return value;
}

function entriesOf(map: BpfMap, options: { batchEntries: number; remove?: boolean }): Map<number, number> {
  const entries = new Map<number, number>();
  map.readAll((keys, values, count) => {
    const keyView = new DataView(keys.buffer);
    const valueView = new DataView(values.buffer);
    for (let entry = 0; entry < count; entry += 1) {
      entries.set(keyView.getUint32(entry * 4, true), Number(valueView.getBigUint64(entry * 24, true)));
    }
  }, options);
  return entries;
}
