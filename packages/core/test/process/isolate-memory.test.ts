import { MemoryGate, processMemory } from '@tributary/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  clearIsolateRow,
  createIsolateTable,
  joinIsolateTable,
  largestHeapBytes,
} from '../../src/process/isolate-memory.ts';

const GIB = 1024 ** 3;

/** Joins a table of three isolates as the main thread; returns what writes the row of another one. */
function join(): (row: number, figures: readonly number[]) => void {
  const shared = createIsolateTable(3);
  leave = joinIsolateTable(shared, 0);
  return (row, figures) => new Float64Array(shared).set(figures, row * 4);
}

let leave = (): void => undefined;
afterEach(() => leave());

describe('the memory of a process with several isolates', () => {
  it('is the sum of what each has', () => {
    const alone = processMemory();
    const write = join();
    write(1, [3 * GIB, 5 * GIB, 7 * GIB, 0]);
    write(2, [GIB, GIB, GIB, 0]);
    const all = processMemory();
    const others = (total: number, own: number): number => Math.round((total - own) / GIB);
    expect({
      heapUsed: others(all.heapUsedBytes, alone.heapUsedBytes),
      heapTotal: others(all.heapTotalBytes, alone.heapTotalBytes),
      buffers: others(all.bufferBytes, alone.bufferBytes),
      largest: largestHeapBytes(GIB) / GIB,
    }).toEqual({ heapUsed: 4, heapTotal: 6, buffers: 8, largest: 3 });
    clearIsolateRow(1);
    expect(others(processMemory().heapUsedBytes, alone.heapUsedBytes)).toBe(1);
    leave();
    expect(others(processMemory().heapUsedBytes, alone.heapUsedBytes)).toBe(0);
  });

  it('has room for bodies only where all gates together leave some', () => {
    const write = join();
    const gate = new MemoryGate();
    const asked: number[] = [];
    gate.guard({
      admits: (bytes, reservedBytes) => {
        asked.push(reservedBytes);
        return reservedBytes + bytes <= 100;
      },
    });
    write(1, [0, 0, 0, 50]);
    expect([gate.reserve(40), gate.reserve(40)]).toEqual([true, false]);
    write(1, [0, 0, 0, 10]);
    expect(gate.reserve(40)).toBe(true);
    gate.release(80);
    expect(gate.reserve(90)).toBe(true);
    expect(asked).toEqual([50, 90, 50, 10]);
  });
});
