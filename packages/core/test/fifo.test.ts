import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../src/fifo.ts';

describe('Fifo', () => {
  it('gives nothing when it is empty', () => {
    const fifo = new Fifo<number>();
    expect([fifo.length, fifo.peek(), fifo.shift()]).toEqual([0, undefined, undefined]);
  });

  it('behaves as an array does, over thousands of additions and removals', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -900, max: 1000 }), { maxLength: 40 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          for (let count = 0; count < step; count += 1) {
            fifo.push(next);
            model.push(next);
            next += 1;
          }
          for (let count = 0; count < -step; count += 1) expect(fifo.shift()).toBe(model.shift());
          expect([fifo.length, fifo.peek()]).toEqual([model.length, model[0]]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
