import { gzipSync, zstdCompressSync } from 'node:zlib';
import { numberedBatch } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { COMPRESSION_TYPES, compress, decompress } from '../../src/net/compression.ts';
import { Batch } from '../../src/otlp/batch.ts';

const MIB = 1024 * 1024;
const CONTENT = Buffer.from('hello, world; '.repeat(200));

/** What comes out when what was decompressed is compressed again. */
async function again(
  type: (typeof COMPRESSION_TYPES)[number],
  bytes: Uint8Array,
  as = type,
): Promise<Uint8Array> {
  return compress(as, undefined, [await decompress(type, bytes, 16 * MIB)]);
}

describe('what was decompressed', () => {
  it.each(COMPRESSION_TYPES)('and is compressed as %s again gives the bytes that came', async (type) => {
    const came = await compress(type, 1, [CONTENT]);
    expect(await again(type, came)).toBe(came);
  });

  it('in the pool does so too', async () => {
    const large = Buffer.alloc(4 * MIB, 'abc');
    for (const type of ['gzip', 'zlib', 'zstd'] as const) {
      const came = await compress(type, 1, [large]);
      expect(await again(type, came)).toBe(came);
    }
  });

  it('gives them by both names of zlib, and for framed snappy that came by the name of the block', async () => {
    const zlib = await compress('zlib', 1, [CONTENT]);
    expect(await again('zlib', zlib, 'deflate')).toBe(zlib);
    expect(await again('deflate', zlib, 'zlib')).toBe(zlib);
    const framed = await compress('x-snappy-framed', undefined, [CONTENT]);
    expect(await again('snappy', framed, 'x-snappy-framed')).toBe(framed);
  });

  it.each(COMPRESSION_TYPES)('gives them however little it is, as %s', async (type) => {
    const came = await Promise.all(['a', 'b'].map((item) => compress(type, 1, [Buffer.alloc(500, item)])));
    const contents = await Promise.all(came.map((bytes) => decompress(type, bytes, MIB)));
    const sent = await Promise.all(contents.map((content) => compress(type, 1, [content])));
    expect(sent.map((bytes, at) => bytes === came[at])).toEqual([true, true]);
    expect(contents.map(({ buffer, length }) => buffer.byteLength === length)).toEqual([true, true]);
  });

  it('is compressed anew as another type', async () => {
    const came = gzipSync(CONTENT);
    const zstd = await again('gzip', came, 'zstd');
    expect(await decompress('zstd', zstd, MIB)).toEqual(CONTENT);
  });

  it('is compressed anew when it is a copy, or in several pieces', async () => {
    const came = gzipSync(CONTENT, { level: 1 });
    const content = await decompress('gzip', came, MIB);
    const others = [
      await compress('gzip', 9, [Buffer.from(content)]),
      await compress('gzip', 9, [content.subarray(0, 10), content.subarray(10)]),
    ];
    expect(others.map((bytes) => Buffer.compare(bytes, gzipSync(CONTENT, { level: 9 })))).toEqual([0, 0]);
  });
});

/** A zstd frame of two runs of 5000 times the letter a, which asks for a window of two to the power of `windowLog`. */
function zstdRuns(windowLog: number): Buffer {
  const magic = [0x28, 0xb5, 0x2f, 0xfd];
  const run = (isLast: number) => {
    const head = (5000 << 3) | (1 << 1) | isLast;
    return [head & 0xff, (head >> 8) & 0xff, head >> 16, 0x61];
  };
  return Buffer.from([...magic, 0x00, (windowLog - 10) << 3, ...run(0), ...run(1)]);
}

/** A zstd frame of one run, which does not say how long its content is. */
function zstdOfUnknownSize(size: number): Buffer {
  const head = (size << 3) | (1 << 1) | 1;
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, head & 0xff, (head >> 8) & 0xff, head >> 16, 0x61]);
}

it('a zstd frame of a window of 8 MiB is sent on', async () => {
  const frame = zstdRuns(23);
  expect((await again('zstd', frame)) === frame).toBe(true);
});

describe('a form that not every decoder takes is not sent on', () => {
  it.each<[name: string, type: 'gzip' | 'zstd', bytes: Uint8Array]>([
    ['several gzip members', 'gzip', Buffer.concat([gzipSync(CONTENT), gzipSync(CONTENT)])],
    ['an empty gzip member before another', 'gzip', Buffer.concat([gzipSync(''), gzipSync(CONTENT)])],
    ['an empty gzip member behind another', 'gzip', Buffer.concat([gzipSync(CONTENT), gzipSync('')])],
    ['several zstd frames', 'zstd', Buffer.concat([zstdCompressSync(CONTENT), zstdCompressSync(CONTENT)])],
    [
      'a zstd frame behind one to skip',
      'zstd',
      Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), zstdCompressSync(CONTENT)]),
    ],
    [
      'a zstd frame whose content ends where the memory for it does, and another',
      'zstd',
      Buffer.concat([zstdOfUnknownSize(16 * 1024), zstdCompressSync('x')]),
    ],
    ['a zstd window of more than 8 MiB', 'zstd', zstdRuns(24)],
    [
      'what is hardly smaller than its content',
      'gzip',
      gzipSync(Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * at * 31) % 251)), { level: 0 }),
    ],
  ])('%s', async (_name, type, bytes) => {
    const sent = await again(type, bytes);
    expect(sent === bytes).toBe(false);
    const content = await decompress(type, bytes, 16 * MIB);
    expect(Buffer.compare(await decompress(type, sent, 16 * MIB), content)).toBe(0);
  });
});

describe('a batch', () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index);
  const came = gzipSync(numberedBatch('logs', numbers).toBytes(), { level: 1 });

  it('that nobody changed is sent on as it came, its forks too', async () => {
    const batch = Batch.decode('logs', await decompress('gzip', came, MIB));
    expect([
      (await compress('gzip', 9, batch.toChunks())) === came,
      (await compress('gzip', 9, batch.fork().toChunks())) === came,
    ]).toEqual([true, true]);
  });

  it('that was changed is compressed anew, and holds the change', async () => {
    const batch = Batch.decode('logs', await decompress('gzip', came, MIB));
    for (const group of batch.resources()) group.resource.attributes.set('host.name', 'a');
    const sent = Batch.decode(
      'logs',
      await decompress('gzip', await compress('gzip', 9, batch.toChunks()), MIB),
    );
    expect(sent.resources().map(({ resource }) => resource.attributes.get('host.name'))).toEqual(['a']);
    expect(sent.itemCount).toBe(50);
  });
});
