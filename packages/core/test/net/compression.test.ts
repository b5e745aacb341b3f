import { crc32, deflateSync, gzipSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { uncompress as snappyjsUncompress } from 'snappyjs';
import { describe, expect, it } from 'vitest';
import {
  COMPRESSION_TYPES,
  type CompressionType,
  compress,
  decompress,
  isCompressionType,
} from '../../src/net/compression.ts';
import { HELLO, invalid, MIB, problem, testdata } from './decompression.ts';

describe('what the Go libraries of the Collector compressed', () => {
  it.each(['gzip', 'zlib', 'zstd', 'snappy', 'x-snappy-framed', 'lz4'] as const)(
    '%s is read',
    async (type) => {
      expect(Buffer.compare(await decompress(type, testdata(`raw.${type}`), MIB), testdata('raw'))).toBe(0);
    },
  );

  it('zlib is read by its other name, deflate', async () => {
    expect(Buffer.compare(await decompress('deflate', testdata('raw.zlib'), MIB), testdata('raw'))).toBe(0);
  });

  it('framed snappy is read by the name of the block format, as in the Collector', async () => {
    const bytes = testdata('raw.x-snappy-framed');
    expect(Buffer.compare(await decompress('snappy', bytes, MIB), testdata('raw'))).toBe(0);
  });
});

describe('what is compressed', () => {
  const raw = testdata('raw');
  const pieces = [raw.subarray(0, 10), raw.subarray(10, 40_000), raw.subarray(40_000)];

  it('is what other implementations read', async () => {
    const read = {
      deflate: inflateSync(await compress('deflate', undefined, pieces)),
      zlib: inflateSync(await compress('zlib', 9, pieces)),
      zstd: zstdDecompressSync(await compress('zstd', 3, pieces)),
      snappy: snappyjsUncompress(await compress('snappy', undefined, pieces)),
    };
    expect(Object.entries(read).filter(([, bytes]) => Buffer.compare(bytes, raw) !== 0)).toEqual([]);
  });

  it('is smaller at a higher level', async () => {
    for (const [type, low, high] of [
      ['gzip', 1, 9],
      ['zlib', 1, 9],
      ['deflate', 1, 9],
      ['zstd', 1, 19],
    ] as const) {
      const [fast, small] = [await compress(type, low, pieces), await compress(type, high, pieces)];
      expect(small.length, type).toBeLessThan(fast.length);
    }
  });

  it('is read back, whatever it was', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 4000 }))
        .map(([unit, times]) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => unit)))),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...COMPRESSION_TYPES), bytes, async (type, original) => {
        const compressed = await compress(type, undefined, [original]);
        const back = await decompress(type, compressed, original.length);
        expect(Buffer.compare(back, original)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('is done in the pool where it is large, and read back there', async () => {
    const large = Buffer.concat(Array.from({ length: 40 }, () => raw));
    for (const type of ['gzip', 'zlib', 'deflate', 'zstd'] as const) {
      const compressing = compress(type, undefined, [large]);
      expect(compressing, type).toBeInstanceOf(Promise);
      const reading = decompress(type, await compressing, large.length);
      expect(reading, type).toBeInstanceOf(Promise);
      expect(Buffer.compare(await reading, large), type).toBe(0);
    }
  });

  it('is done in place where it is small', () => {
    for (const type of COMPRESSION_TYPES) {
      const compressed = compress(type, undefined, [HELLO]);
      expect(compressed, type).toBeInstanceOf(Uint8Array);
      expect(decompress(type, compressed as Uint8Array, MIB), type).toEqual(HELLO);
    }
  });
});

describe('what comes in several parts', () => {
  it('gzip members are joined', async () => {
    const members = Buffer.concat([gzipSync('hello, '), gzipSync(''), gzipSync('world')]);
    expect(Buffer.from(await decompress('gzip', members, MIB)).toString()).toBe('hello, world');
  });

  it('zstd frames are joined, and skippable ones skipped', async () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames = [skippable, zstdCompressSync('hello, '), skippable, zstdCompressSync('world'), skippable];
    expect(Buffer.from(await decompress('zstd', Buffer.concat(frames), MIB)).toString()).toBe('hello, world');
  });

  it('zstd frames are joined in the pool too', async () => {
    const part = Buffer.alloc(3 * MIB, 'a');
    const frames = Buffer.concat([zstdCompressSync(part), zstdCompressSync(part)]);
    const back = await decompress('zstd', frames, 6 * MIB);
    expect([back.length, crc32(back)]).toEqual([6 * MIB, crc32(Buffer.alloc(6 * MIB, 'a'))]);
  });

  it('chunks of padding and of unknown skippable types in framed snappy are skipped', async () => {
    const framed = Buffer.from(await compress('x-snappy-framed', undefined, [HELLO]));
    const skippable = Buffer.from([0xfe, 2, 0, 0, 0, 0, 0x80, 1, 0, 0, 7]);
    const repeated = Buffer.concat([framed, skippable, framed]);
    expect(await decompress('x-snappy-framed', repeated, MIB)).toEqual(Buffer.concat([HELLO, HELLO]));
  });
});

describe('a body that is not what its encoding says', () => {
  const garbage = Buffer.from('garbage');
  const cut = (bytes: Buffer) => bytes.subarray(0, -3);
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at < 0 ? copy.length + at : at]! ^= 1;
    return copy;
  };
  const gzip = gzipSync(HELLO);
  const zlib = deflateSync(HELLO);
  const zstd = zstdCompressSync(HELLO);
  const framed = Buffer.from(compress('x-snappy-framed', undefined, [HELLO]) as Uint8Array);
  const block = Buffer.from(compress('snappy', undefined, [HELLO]) as Uint8Array);

  it.each<[name: string, type: CompressionType, bytes: Uint8Array, reason: string]>([
    ['empty gzip', 'gzip', Buffer.alloc(0), 'unexpected end of file'],
    ['empty zlib', 'zlib', Buffer.alloc(0), 'unexpected end of file'],
    ['empty zstd', 'zstd', Buffer.alloc(0), 'unexpected end of file'],
    ['empty snappy', 'snappy', Buffer.alloc(0), 'it does not begin with a length'],
    ['empty framed snappy', 'x-snappy-framed', Buffer.alloc(0), 'it does not begin with a stream identifier'],
    ['text as gzip', 'gzip', garbage, 'incorrect header check'],
    ['text as deflate', 'deflate', garbage, 'incorrect header check'],
    ['text as zstd', 'zstd', garbage, 'Unknown frame descriptor'],
    ['empty lz4', 'lz4', Buffer.alloc(0), 'its end is cut off'],
    ['text as lz4', 'lz4', garbage, 'there is no frame at offset 0'],
    ['text as framed snappy', 'x-snappy-framed', garbage, 'it does not begin with a stream identifier'],
    ['zlib as gzip', 'gzip', zlib, 'incorrect header check'],
    ['gzip cut off', 'gzip', cut(gzip), 'unexpected end of file'],
    ['zlib cut off', 'zlib', cut(zlib), 'unexpected end of file'],
    ['zstd cut off', 'zstd', cut(zstd), 'unexpected end of file'],
    ['snappy cut off', 'snappy', cut(block), 'a literal at offset 1 is too long'],
    [
      'snappy that holds less than it claims',
      'snappy',
      Buffer.from([5, 0, 65]),
      'it claims 5 bytes and holds 1',
    ],
    ['framed snappy cut off', 'x-snappy-framed', cut(framed), 'a chunk at offset 10 is cut off'],
    [
      'framed snappy cut within a header',
      'x-snappy-framed',
      framed.subarray(0, 12),
      'a chunk at offset 10 is cut off',
    ],
    ['gzip with a wrong checksum', 'gzip', flipped(gzip, -6), 'incorrect data check'],
    ['zlib with a wrong checksum', 'zlib', flipped(zlib, -2), 'incorrect data check'],
    [
      'framed snappy with a wrong checksum',
      'x-snappy-framed',
      flipped(framed, 14),
      'a chunk at offset 10 has a wrong checksum',
    ],
    [
      'zlib with bytes after its end',
      'zlib',
      Buffer.concat([zlib, garbage]),
      `7 bytes follow its end at offset ${zlib.length}`,
    ],
    [
      'gzip with zeros after its end',
      'gzip',
      Buffer.concat([gzip, Buffer.alloc(5)]),
      `5 bytes follow its end at offset ${gzip.length}`,
    ],
    ['gzip with text after its end', 'gzip', Buffer.concat([gzip, garbage]), 'incorrect header check'],
    [
      'zstd with text after its end',
      'zstd',
      Buffer.concat([zstd, garbage]),
      `7 bytes follow its end at offset ${zstd.length}`,
    ],
    ['zstd with a second frame cut off', 'zstd', Buffer.concat([zstd, cut(zstd)]), 'unexpected end of file'],
    [
      'framed snappy with a reserved chunk',
      'x-snappy-framed',
      Buffer.concat([framed, Buffer.from([2, 0, 0, 0])]),
      `a chunk at offset ${framed.length} has the unknown type 2`,
    ],
    [
      'framed snappy with another identifier',
      'x-snappy-framed',
      Buffer.concat([framed, Buffer.from([0xff, 6, 0, 0, 1, 2, 3, 4, 5, 6])]),
      `a chunk at offset ${framed.length} has the unknown type 255`,
    ],
    [
      'framed snappy with a chunk too short for its checksum',
      'x-snappy-framed',
      Buffer.concat([framed, Buffer.from([1, 3, 0, 0, 0, 0, 0])]),
      `a chunk at offset ${framed.length} has no checksum`,
    ],
    ['a snappy length that never ends', 'snappy', Buffer.alloc(20, 0xff), 'it does not begin with a length'],
    [
      'snappy that claims what it cannot hold',
      'snappy',
      Buffer.from([0xff, 0xff, 0x3f, 0]),
      'it claims 1048575 bytes and cannot hold them',
    ],
    [
      'a snappy copy from before the start',
      'snappy',
      Buffer.from([4, 0, 65, 0x01, 2]),
      'a copy at offset 3 reaches outside',
    ],
    [
      'a snappy copy of offset 0',
      'snappy',
      Buffer.from([5, 0, 65, 0x01, 0]),
      'a copy at offset 3 reaches outside',
    ],
    [
      'a snappy literal beyond the end',
      'snappy',
      Buffer.from([40, 39 << 2, 65]),
      'a literal at offset 1 is too long',
    ],
    [
      'a snappy literal beyond its claim',
      'snappy',
      Buffer.from([1, 1 << 2, 65, 65]),
      'a literal at offset 1 is too long',
    ],
    ['a snappy tag without its offset', 'snappy', Buffer.from([5, 0, 65, 0x02, 1]), 'its end is cut off'],
  ])('%s is refused', async (_name, type, bytes, reason) => {
    expect(await problem(type, bytes)).toBe(invalid(type, reason));
  });

  it('zstd with a wrong checksum is refused', async () => {
    const bytes = testdata('raw.zstd');
    expect(await problem('zstd', flipped(bytes, -1))).toBe(
      invalid('zstd', "Restored data doesn't match checksum"),
    );
  });

  it('a large one is refused the same way', async () => {
    const large = gzipSync(Buffer.alloc(5 * MIB, 'a'));
    expect(await problem('gzip', flipped(large, -6), 8 * MIB)).toBe(invalid('gzip', 'incorrect data check'));
    const zeros = Buffer.concat([large, Buffer.alloc(3)]);
    expect(await problem('gzip', zeros, 8 * MIB)).toBe(
      invalid('gzip', `3 bytes follow its end at offset ${large.length}`),
    );
  });
});

it('the names of compressions are known', () => {
  expect(['gzip', 'x-snappy-framed', 'lz4', '', 'identity', 'br'].map(isCompressionType)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
