import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Linked, LinkedList } from '../src/linked-list.ts';

class Item implements Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }
}

describe('LinkedList', () => {
  it('behaves as a set does, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(19), { maxLength: 200 }), (steps) => {
        const items = Array.from({ length: 20 }, (_, number) => new Item(number));
        const list = new LinkedList<Item>();
        const model = new Set<Item>();
        for (const step of steps) {
          const item = items[step]!;
          expect(list.has(item)).toBe(model.has(item));
          if (model.has(item)) expect([list.delete(item), model.delete(item)]).toEqual([true, true]);
          else {
            expect(list.delete(item)).toBe(false);
            list.add(item);
            model.add(item);
          }
          const numbers = list.toArray().map(({ number }) => number);
          const expected = [...model].map(({ number }) => number);
          expect([list.size, list.first?.number, numbers]).toEqual([model.size, expected[0], expected]);
        }
      }),
    );
  });

  it('leaves nothing in an item that is taken out', () => {
    const list = new LinkedList<Item>();
    const items = [new Item(0), new Item(1), new Item(2)];
    for (const item of items) list.add(item);
    for (const item of items) list.delete(item);
    expect(items.map(({ previous, next }) => [previous, next])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });
});
