import { readFileSync } from 'node:fs';
import { crc32, deflateSync, gzipSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { uncompress as snappyjsUncompress } from 'snappyjs';
import { describe, expect, it, vi } from 'vitest';
import { PermanentError } from '../../src/errors.ts';
import {
  COMPRESSION_TYPES,
  type CompressionType,
  compress,
  decompress,
  isCompressionType,
} from '../../src/net/compression.ts';

const MIB = 1024 * 1024;
const HELLO = Buffer.from('hello, hello, hello');

const testdata = (name: string) =>
  readFileSync(new URL(`../../testdata/compression/${name}`, import.meta.url));

/** What `decompress` throws or rejects with, as code and text; fails if it does neither. */
async function problem(type: CompressionType, bytes: Uint8Array, limit = MIB): Promise<string> {
  try {
    await decompress(type, bytes, limit);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    const { code, message } = error as PermanentError;
    return `${code} ${message}`;
  }
  throw new Error('it was decompressed');
}

const invalid = (type: CompressionType, reason: string) =>
  `COMPRESSION_INVALID ${type}: the request cannot be decompressed (${reason}). Check that the body is what its encoding says.`;

const tooLarge = (type: CompressionType, limit: number) =>
  `OTLP_TOO_LARGE ${type}: the decompressed request is larger than the limit (${limit} bytes). Send smaller requests.`;

describe('what the Go libraries of the Collector compressed', () => {
  it.each(['gzip', 'zlib', 'zstd', 'snappy', 'x-snappy-framed'] as const)('%s is read', async (type) => {
    expect(Buffer.compare(await decompress(type, testdata(`raw.${type}`), MIB), testdata('raw'))).toBe(0);
  });

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

describe('a body that grows beyond the limit', () => {
  const bomb = Buffer.alloc(32 * MIB);

  it.each(COMPRESSION_TYPES)('is refused as %s, of a small limit and of a large one', async (type) => {
    const bytes = await compress(type, undefined, [bomb]);
    for (const limit of [1000, 2 * MIB + 1, 32 * MIB - 1]) {
      const name = type === 'snappy' ? 'snappy' : type;
      expect(await problem(type, bytes, limit)).toBe(tooLarge(name, limit));
    }
  });

  it.each(COMPRESSION_TYPES)('is taken as %s if it is just as large as the limit', async (type) => {
    const bytes = await compress(type, undefined, [HELLO]);
    expect(await decompress(type, bytes, HELLO.length)).toEqual(HELLO);
    expect(await problem(type, bytes, HELLO.length - 1)).toBe(tooLarge(type, HELLO.length - 1));
  });

  it('is refused if it hides in a second part', async () => {
    const zstd = Buffer.concat([zstdCompressSync('a'), zstdCompressSync(bomb)]);
    expect(await problem('zstd', zstd, 4 * MIB)).toBe(tooLarge('zstd', 4 * MIB));
    const gzip = Buffer.concat([gzipSync(bomb), gzipSync('a')]);
    expect(await problem('gzip', gzip, 4 * MIB)).toBe(tooLarge('gzip', 4 * MIB));
  });

  it('is refused if zstd wants a window of more than 64 MiB', async () => {
    // Magic, no single segment, window descriptor of 2^30, then nothing that matters.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00]);
    expect(await problem('zstd', frame)).toBe(invalid('zstd', 'Frame requires too much memory for decoding'));
  });
});

describe('a body that is much work for little content', () => {
  const frames = (count: number, first: Buffer = zstdCompressSync('')) =>
    Buffer.concat([first, ...Array.from({ length: count - 1 }, () => zstdCompressSync(''))]);

  it('is taken as zstd of 1024 frames, and refused of more', async () => {
    expect((await decompress('zstd', frames(1024, zstdCompressSync(HELLO)), MIB)).toString()).toBe(
      `${HELLO}`,
    );
    const reason = invalid('zstd', 'it has more than 1024 frames');
    expect(await problem('zstd', frames(1025))).toBe(reason);
    const skippable = Buffer.concat([
      Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 2, 0]),
      Buffer.alloc(0x20000),
    ]);
    expect(await problem('zstd', frames(1025, skippable))).toBe(reason);
  });

  it('takes few blocks of memory for many zstd frames, whatever the first one claims', () => {
    const content = Buffer.alloc(2 * MIB - 2);
    const body = frames(1000, zstdCompressSync(content));
    const allocations = [vi.spyOn(Buffer, 'allocUnsafeSlow'), vi.spyOn(Buffer, 'allocUnsafe')];
    const back = decompress('zstd', body, 20 * MIB) as Uint8Array;
    const sizes = allocations.flatMap(({ mock }) => mock.calls.map(([size]) => size));
    for (const allocation of allocations) allocation.mockRestore();
    expect(Buffer.compare(back, content)).toBe(0);
    expect([sizes.length > 0, sizes.length < 10]).toEqual([true, true]);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(4 * content.length);
  });

  it('takes memory for zstd frames in the pool by what each of them claims', async () => {
    const content = Buffer.alloc(3 * MIB);
    const body = frames(20, zstdCompressSync(content));
    const allocation = vi.spyOn(Buffer, 'allocUnsafe');
    const back = await decompress('zstd', body, 20 * MIB);
    const sum = allocation.mock.calls.reduce((total, [size]) => total + size, 0);
    allocation.mockRestore();
    expect(Buffer.compare(back, content)).toBe(0);
    expect(sum).toBeLessThan(3 * content.length);
  });

  it('goes to the pool if it is large, though it claims nothing', async () => {
    const member = gzipSync('');
    const members = Buffer.concat(Array.from({ length: 10_000 }, () => member));
    // Empty stored blocks of deflate and raw ones of zstd, the last of which says that it is the last.
    const stored = Array.from({ length: 40_000 }, () => [0, 0, 0, 0xff, 0xff]).flat();
    const zlib = Buffer.from([0x78, 0x9c, ...stored, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1]);
    const raw = Buffer.alloc(150_000);
    const zstd = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
      raw,
      Buffer.from([1, 0, 0]),
    ]);
    for (const [type, bytes] of [
      ['gzip', members],
      ['zlib', zlib],
      ['zstd', zstd],
    ] as const) {
      const reading = decompress(type, bytes, MIB);
      expect(reading, type).toBeInstanceOf(Promise);
      expect((await reading).length, type).toBe(0);
    }
  });
});

describe('damaged bodies', () => {
  it('never give more than the limit, and no other error than the two', async () => {
    const originals = COMPRESSION_TYPES.map((type) => ({
      type,
      bytes: compress(type, undefined, [testdata('raw').subarray(0, 5000)]) as Uint8Array,
    }));
    const damage = fc.record({
      original: fc.constantFrom(...originals),
      flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 5 }),
      length: fc.double({ min: 0, max: 1, noNaN: true }),
      tail: fc.uint8Array({ maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ original: { type, bytes }, flips, length, tail }) => {
        const damaged = Buffer.concat([bytes.subarray(0, Math.ceil(bytes.length * length)), tail]);
        for (const [at, mask] of flips) damaged[at % Math.max(1, damaged.length)]! ^= mask;
        try {
          expect((await decompress(type, damaged, 6000)).length).toBeLessThanOrEqual(6000);
        } catch (error) {
          expect((error as PermanentError).code).toMatch(/^(COMPRESSION_INVALID|OTLP_TOO_LARGE)$/);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

it('the names of compressions are known', () => {
  expect(['gzip', 'x-snappy-framed', '', 'identity', 'lz4', 'br'].map(isCompressionType)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
