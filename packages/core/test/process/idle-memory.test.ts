import { idleMemory, processMemory } from '@tributary/core';
import { afterEach, expect, it } from 'vitest';
import { clearIsolateRow, createIsolateTable, joinIsolateTable } from '../../src/process/isolate-memory.ts';

let leave = (): void => undefined;
afterEach(() => leave());

/** Joins as the isolate of this row; what joined before keeps its row. */
function join(table: SharedArrayBuffer, row: number): void {
  leave = joinIsolateTable(table, row);
}

it('what a process with workers takes while idle is measured by the first ones, and holds for those that replace them', () => {
  const alone = idleMemory();
  const table = createIsolateTable(3);
  join(table, 0);
  join(table, 1);
  const [, , workerBase = 0, workerUsed = 0] = new Float64Array(table).subarray(-4);
  const expected = {
    baseBytes: alone.baseBytes + 2 * workerBase,
    totalBytes: alone.totalBytes + 2 * (workerBase + workerUsed),
  };
  expect(workerUsed).toBeGreaterThan(1024 * 1024);
  expect(idleMemory()).toEqual(expected);
  const held = Buffer.alloc(64 * 1024 * 1024, 1);
  clearIsolateRow(1);
  join(table, 1);
  expect(idleMemory()).toEqual(expected);
  join(table, 2);
  expect(idleMemory()).toEqual(expected);
  expect(processMemory().bufferBytes).toBeGreaterThanOrEqual(held.length);
});

it('what a process without workers takes while idle is measured once', () => {
  const first = idleMemory();
  const held = Buffer.alloc(64 * 1024 * 1024, 1);
  expect([idleMemory(), held.length]).toEqual([first, 64 * 1024 * 1024]);
});
