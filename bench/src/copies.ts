/**
 * Counts the bytes that a program copies from one buffer to another, by taking the place of the functions that copy. What
 * Node and the kernel copy between a socket and a buffer is none of the program's doing and not counted; nor are single
 * bytes that it writes by index (tags and lengths).
 */
import zlib from 'node:zlib';
import { ZlibEngine } from '../../packages/core/src/net/zlib-engine.ts';

let copied = 0;

/** How many bytes were copied since `countCopies`. */
export function copiedBytes(): number {
  return copied;
}

/** Begins to count. */
export function countCopies(): void {
  copied = 0;
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  count(Buffer, 'concat', (result: Buffer) => result.length);
  count(Buffer, 'from', (result: Buffer, [source]) => (source instanceof ArrayBuffer ? 0 : result.length));
  count(Buffer.prototype, 'copy', Number);
  for (const write of ['write', 'utf8Write', 'latin1Write', 'asciiWrite']) {
    count(Buffer.prototype, write, Number);
  }
  count(typedArray, 'set', (_, [source]) => (source as ArrayLike<number>).length);
  count(typedArray, 'slice', (result: Uint8Array) => result.length);
  // What is copied by words goes through these; a double is a value, or eight bytes that are blanked.
  for (const [write, bytes] of WORDS) count(DataView.prototype, write, () => bytes);
  count(ZlibEngine.prototype, 'write', (end: number, [, , , outputAt]) => end - Number(outputAt));
  for (const method of COMPRESSIONS) {
    count(zlib, `${method}Sync`, outputBytes);
    countCallback(method);
  }
}

const WORDS: readonly (readonly [string, number])[] = [
  ['setUint8', 1],
  ['setUint16', 2],
  ['setUint32', 4],
  ['setInt32', 4],
  ['setBigInt64', 8],
  ['setBigUint64', 8],
];

const COMPRESSIONS: readonly string[] = [
  'gzip',
  'gunzip',
  'deflate',
  'inflate',
  'zstdCompress',
  'zstdDecompress',
];

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Puts a function in the place of a method that does the same and counts what it copied. */
function count<Result>(
  owner: object,
  name: string,
  bytesOf: (result: Result, args: readonly unknown[]) => number,
): void {
  const methods = owner as Record<string, Method>;
  const original = methods[name];
  if (original === undefined) throw new Error(`bench: there is no ${name} to count`);
  methods[name] = function counted(...args) {
    const result = original.apply(this, args);
    copied += bytesOf(result as Result, args);
    return result;
  };
}

/** The same for one of zlib's that gives its result to the function that is its last argument. */
function countCallback(name: string): void {
  const methods = zlib as unknown as Record<string, Method>;
  const original = methods[name] as Method;
  methods[name] = function counted(...args) {
    const done = args.pop() as (error: Error | null, result: unknown) => void;
    return original.call(this, ...args, (error: Error | null, result: unknown) => {
      if (error === null) copied += outputBytes(result);
      done(error, result);
    });
  };
}

/** zlib's output; with `info` it is one field of the result. */
function outputBytes(result: unknown): number {
  return result instanceof Uint8Array
    ? result.length
    : (result as { readonly buffer: Uint8Array }).buffer.length;
}
