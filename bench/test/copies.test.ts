import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { copiedBytes, countCopies } from '../src/copies.ts';

const SOURCE = Buffer.alloc(1000, 'a');

/** Bytes that `work` copies by this count. */
function copiedBy(work: () => void): number {
  const before = copiedBytes();
  work();
  return copiedBytes() - before;
}

it('counts each byte once, whatever function copied it', async () => {
  countCopies();
  const target = Buffer.alloc(2000);
  const view = new DataView(target.buffer, target.byteOffset);
  expect(copiedBy(() => Buffer.concat([SOURCE, SOURCE]))).toBe(2000);
  expect(copiedBy(() => SOURCE.copy(target, 1500))).toBe(500);
  expect(copiedBy(() => target.set(SOURCE.subarray(0, 300)))).toBe(300);
  expect(copiedBy(() => target.write('abc'))).toBe(3);
  expect(copiedBy(() => target.write('äb', 0, 'utf8'))).toBe(3);
  expect(copiedBy(() => Buffer.from(SOURCE))).toBe(1000);
  expect(copiedBy(() => view.setBigInt64(0, 1n))).toBe(8);
  expect(copiedBy(() => SOURCE.subarray(10))).toBe(0);
  expect(copiedBy(() => Buffer.from(SOURCE.buffer, 0, 10))).toBe(0);
  const zipped = zlib.gzipSync(SOURCE);
  expect(copiedBy(() => zlib.gunzipSync(zipped))).toBe(1000);
  const before = copiedBytes();
  await new Promise((resolve) => zlib.gunzip(zipped, resolve));
  expect(copiedBytes() - before).toBe(1000);
});
