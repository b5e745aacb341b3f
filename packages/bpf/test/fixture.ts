import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BpfObject, type ObjectOptions } from '../src/index.ts';

/** The bytes of testdata/fixture.bpf.o. */
export const FIXTURE = new Uint8Array(
  readFileSync(path.join(import.meta.dirname, '../testdata/fixture.bpf.o')),
);

/** Loads the fixture's maps, and closes all at the end of `work`. */
export async function withFixture(
  options: Omit<ObjectOptions, 'name'>,
  work: (object: BpfObject) => void | Promise<void>,
): Promise<void> {
  const object = new BpfObject(FIXTURE, { name: 'fixture', ...options });
  try {
    await work(object);
  } finally {
    object.close();
  }
}

/** A 32-bit key or value. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
