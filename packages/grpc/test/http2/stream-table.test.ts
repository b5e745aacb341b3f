import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamTable } from '../../src/http2/stream-table.ts';

interface Numbered {
  readonly id: number;
}

/** Numbers as clients give them, one behind the other, and any others. */
const ids = fc.oneof(
  fc.nat(60).map((index) => index * 2 + 1),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
);

describe('StreamTable', () => {
  it('behaves as a map does, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 400 }), (steps) => {
        const table = new StreamTable<Numbered>();
        const model = new Map<number, Numbered>();
        for (const id of steps) {
          expect(table.get(id)).toBe(model.get(id));
          if (model.has(id)) {
            table.delete(id);
            model.delete(id);
          } else {
            const stream = { id };
            table.add(stream);
            model.set(id, stream);
          }
          expect(table.size).toBe(model.size);
        }
        for (const [id, stream] of model) expect(table.get(id)).toBe(stream);
        expect(new Set(table.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('takes ten thousand streams, finds those that are left as the others go, and keeps no room for these', () => {
    const table = new StreamTable<Numbered>();
    const streams = Array.from({ length: 10_000 }, (_, index) => ({ id: index * 2 + 1 }));
    for (const stream of streams) table.add(stream);
    expect(streams.every((stream) => table.get(stream.id) === stream)).toBe(true);
    const rooms = [table.slots];
    for (const left of [5000, 3000, 1000, 100, 1, 0]) {
      for (const { id } of streams.splice(left)) table.delete(id);
      expect([table.size, table.values().length]).toEqual([left, left]);
      expect(streams.every((stream) => table.get(stream.id) === stream)).toBe(true);
      rooms.push(table.slots);
    }
    expect(rooms).toEqual([32_768, 32_768, 16_384, 4096, 512, 256, 256]);
  });

  it('passes over a stream that is not in it', () => {
    const table = new StreamTable<Numbered>();
    table.add({ id: 1 });
    table.delete(3);
    expect([table.size, table.get(1)]).toEqual([1, { id: 1 }]);
  });
});
