/** What the tests of decompression share. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { PermanentError } from '../../src/errors.ts';
import { type CompressionType, decompress } from '../../src/net/compression.ts';

export const MIB = 1024 * 1024;
export const HELLO = Buffer.from('hello, hello, hello');

/** A file of testdata/compression. */
export const testdata = (name: string) =>
  readFileSync(new URL(`../../testdata/compression/${name}`, import.meta.url));

/** What `decompress` throws or rejects with, as code and text; fails if it does neither. */
export async function problem(type: CompressionType, bytes: Uint8Array, limit = MIB): Promise<string> {
  try {
    await decompress(type, bytes, limit);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    const { code, message } = error as PermanentError;
    return `${code} ${message}`;
  }
  throw new Error('it was decompressed');
}

/** What it says of a body that is no such encoding. */
export const invalid = (type: CompressionType, reason: string) =>
  `COMPRESSION_INVALID ${type}: the request cannot be decompressed (${reason}). Check that the body is what its encoding says.`;

/** What it says of a body beyond the limit. */
export const tooLarge = (type: CompressionType, limit: number) =>
  `OTLP_TOO_LARGE ${type}: the decompressed request is larger than the limit (${limit} bytes). Send smaller requests.`;
