import { processMemory } from '@tributary/core';
import { expect, it } from 'vitest';
import { readMemory } from '../src/memory-usage.ts';

const MIB = 1024 * 1024;

/** What is used here of what the types of the language alone do not have. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

it('what is resident but neither heap nor buffer is in use only as far as it was at the beginning', () => {
  const before = readMemory();
  const other = otherMemory(128);
  const after = readMemory();
  // The test's own isolate may collect or make garbage meanwhile, but not nearly as much.
  expect({
    resident: after.rssBytes - before.rssBytes > 100 * MIB,
    inUse: after.inUseBytes - before.inUseBytes > 64 * MIB,
    bytes: other.length,
  }).toEqual({ resident: true, inUse: false, bytes: 128 * MIB });
});

/** Resident memory that V8 counts neither as heap nor as buffer. */
function otherMemory(mib: number): Uint8Array {
  const before = processMemory().bufferBytes;
  const memory = new WebAssembly.Memory({ initial: mib * 16 });
  const bytes = new Uint8Array(memory.buffer).fill(1);
  expect(processMemory().bufferBytes - before).toBeLessThan(MIB);
  return bytes;
}
