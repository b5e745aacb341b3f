import { describe, expect, it } from 'vitest';
import { MemoryGate } from '../../src/component/memory-gate.ts';

describe('the memory gate', () => {
  it('grants everything without a guard and counts what is out', () => {
    const gate = new MemoryGate();
    expect([gate.reserve(100), gate.reserve(1e12)]).toEqual([true, true]);
    expect(gate.reservedBytes).toBe(1e12 + 100);
    gate.release(1e12);
    gate.release(100);
    expect(gate.reservedBytes).toBe(0);
  });

  it('tells each guard what is asked for and what is out, and takes the first no', () => {
    const gate = new MemoryGate();
    const asked: [string, number, number][] = [];
    const guard = (name: string, limit: number) => ({
      admits: (bytes: number, reservedBytes: number) => {
        asked.push([name, bytes, reservedBytes]);
        return bytes + reservedBytes <= limit;
      },
    });
    gate.guard(guard('wide', 100));
    const remove = gate.guard(guard('narrow', 50));
    expect([gate.reserve(40), gate.reserve(20)]).toEqual([true, false]);
    expect(gate.reservedBytes).toBe(40);
    remove();
    expect([gate.reserve(20), gate.reserve(41)]).toEqual([true, false]);
    expect(asked).toEqual([
      ['wide', 40, 0],
      ['narrow', 40, 0],
      ['wide', 20, 40],
      ['narrow', 20, 40],
      ['wide', 20, 40],
      ['wide', 41, 60],
    ]);
  });
});
