import { readFileSync } from 'node:fs';
import {
  constants,
  createZstdCompress,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formThatEndsWith } from '../../../src/net/compressed-form.ts';
import { decompress } from '../../../src/net/compression.ts';
import { putInFront } from '../../../src/net/splice/put-in-front.ts';

const TYPES = ['gzip', 'zstd'] as const;
type Type = (typeof TYPES)[number];

const DECODERS = { gzip: gunzipSync, zstd: zstdDecompressSync } as const;
const MIB = 1024 * 1024;

const testdata = (name: string) =>
  readFileSync(new URL(`../../../testdata/compression/${name}`, import.meta.url));

/** Lines that differ as telemetry does: names that repeat, ids that do not. */
function lines(count: number): Buffer {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff);
  const line = () =>
    `http.route=/api/v1/orders/${next()} server.address=shop-${next() % 9} trace=${next().toString(16)}\n`;
  return Buffer.from(Array.from({ length: count }, line).join(''));
}

function compressed(type: Type, content: Uint8Array, level: number): Buffer {
  return type === 'gzip'
    ? gzipSync(content, { level })
    : zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

/** What others make of the form with a prefix. */
function read(type: Type, pieces: readonly Uint8Array[]): Buffer {
  return DECODERS[type](Buffer.concat(pieces));
}

function expectInFront(type: Type, prefix: Uint8Array, content: Uint8Array, bytes: Uint8Array): void {
  const pieces = putInFront(prefix, { type, content, bytes });
  const found = pieces === undefined ? undefined : read(type, pieces);
  expect(found === undefined ? undefined : Buffer.compare(found, Buffer.concat([prefix, content]))).toBe(0);
}

/** A zstd frame as writers make it who do not know the size beforehand: with a window, and a checksum. */
function streamed(content: Uint8Array): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const pieces: Buffer[] = [];
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => resolve(Buffer.concat(pieces)));
    stream.on('error', reject);
    stream.write(content.subarray(0, content.length >> 1));
    stream.end(content.subarray(content.length >> 1));
  });
}

describe.each(TYPES)('in front of what came as %s', (type) => {
  const prefix = Buffer.from('another=server.address=shop-1');

  it.each([
    ['a few bytes', 1, 1],
    ['one block', 100, 3],
    ['one block of a low level', 100, 1],
    ['one block of a high level', 100, 9],
    ['many blocks', 6000, 3],
  ])('something is put: %s', (_name, count, level) => {
    const content = lines(count);
    expectInFront(type, prefix, content, compressed(type, content, level));
  });

  it('something is put where the content is stored as it is', () => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * at * 31 + (at >> 3)) % 251));
    expectInFront(type, prefix, content, compressed(type, content, type === 'gzip' ? 0 : 1));
  });

  it('something is put where the libraries of Go compressed it', () => {
    expectInFront(type, prefix, testdata('request'), testdata(`request.${type}`));
  });

  it('something is put again and again', () => {
    let content = lines(50);
    let bytes = compressed(type, content, 6);
    for (let hop = 0; hop < 20; hop++) {
      bytes = Buffer.concat(putInFront(prefix, { type, content, bytes }) ?? []);
      content = Buffer.concat([prefix, content]);
    }
    expect(Buffer.compare(read(type, [bytes]), content)).toBe(0);
  });

  it('nothing of the form is copied', () => {
    const content = lines(50);
    const bytes = compressed(type, content, 6);
    const pieces = putInFront(prefix, { type, content, bytes }) ?? [];
    expect(pieces.map(({ buffer }) => buffer === bytes.buffer)).toContain(true);
  });

  it('what was there is found behind it, whatever it was', () => {
    const text = fc.string({ minLength: 1, maxLength: 40 });
    const content = fc
      .tuple(fc.array(text, { minLength: 1, maxLength: 20 }), fc.array(fc.nat(1000), { maxLength: 400 }))
      .map(([words, order]) => Buffer.from(order.map((at) => `${words[at % words.length]}${at}`).join('')));
    fc.assert(
      fc.property(
        content.filter(({ length }) => length > 20),
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        (original, added, level) => {
          const bytes = compressed(type, original, level);
          const pieces = putInFront(added, { type, content: original, bytes });
          if (pieces === undefined) {
            // A zstd frame of a content that is smaller than the prefix has too small a window.
            expect([type, original.length < added.length]).toEqual(['zstd', true]);
          } else {
            const found = read(type, pieces);
            expect(Buffer.compare(found, Buffer.concat([added, original]))).toBe(0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('what was there is found behind it, of a damaged form that a decoder still takes', async () => {
    const content = lines(60);
    const bytes = compressed(type, content, 6);
    // All decoding is done by then: what is damaged is refused, or it is another form of some content.
    let taken = 0;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at & 7);
      let found: Uint8Array;
      try {
        found = await decompress(type, damaged, MIB);
      } catch {
        continue;
      }
      const form = formThatEndsWith(type, found.subarray(1));
      if (form === undefined) continue;
      taken += 1;
      expectInFront(type, prefix, found, form.bytes);
    }
    // Gzip has a checksum, so that only damage to its header goes unseen.
    expect(taken).toBeGreaterThan(0);
  });
});

it('in front of a zstd frame with a window and a checksum something is put', async () => {
  const content = lines(3000);
  const bytes = await streamed(content);
  // A descriptor with the flag of a checksum and none of a single segment.
  expect(bytes[4]! & 0x24).toBe(0x04);
  expectInFront('zstd', Buffer.from('more'), content, bytes);
});

/** A zstd frame of one segment: so many zeros, in blocks of runs (RFC 8878 section 3.1.1.2). */
function frameOfZeros(size: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(size, 5);
  const blocks: Buffer[] = [];
  for (let left = size; left > 0; left -= 128 * 1024) {
    const block = Buffer.alloc(4);
    const length = Math.min(left, 128 * 1024);
    block.writeUIntLE((length << 3) | (1 << 1) | (length === left ? 1 : 0), 0, 3);
    blocks.push(block);
  }
  return Buffer.concat([header, ...blocks]);
}

it('a zstd frame of one segment gets no larger window than all decoders take', () => {
  const content = Buffer.alloc(8 * MIB - 10);
  const bytes = frameOfZeros(content.length);
  expectInFront('zstd', Buffer.alloc(10, 'a'), content, bytes);
  expect(putInFront(Buffer.alloc(11), { type: 'zstd', content, bytes })).toBeUndefined();
});

it.each([
  ['gzip', 0x1_0000],
  ['zstd', 128 * 1024 + 1],
] as const)('no more is put in front of what came as %s than a block holds', (type, length) => {
  const content = lines(6000);
  const bytes = compressed(type, content, 1);
  expect(putInFront(Buffer.alloc(length), { type, content, bytes })).toBeUndefined();
  expectInFront(type, Buffer.alloc(length - 1), content, bytes);
});

it('a gzip member with a name stays as it is', () => {
  const content = lines(10);
  const bytes = Buffer.from(compressed('gzip', content, 6));
  bytes[3] = 8;
  expect(putInFront(Buffer.from('more'), { type: 'gzip', content, bytes })).toBeUndefined();
});

it('other compressions have no blocks to put in front', () => {
  const content = lines(10);
  expect(putInFront(content, { type: 'snappy', content, bytes: content })).toBeUndefined();
});
