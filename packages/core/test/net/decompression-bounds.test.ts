/** What a body can make of a decompressor that means to do harm: memory, work, and errors that nobody expects. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { PermanentError } from '../../src/errors.ts';
import { COMPRESSION_TYPES, compress, decompress } from '../../src/net/compression.ts';
import { HELLO, invalid, MIB, problem, testdata, tooLarge } from './decompression.ts';

describe('a body that grows beyond the limit', () => {
  const bomb = Buffer.alloc(32 * MIB);

  it.each(COMPRESSION_TYPES)('is refused as %s, of a small limit and of a large one', async (type) => {
    const bytes = await compress(type, undefined, [bomb]);
    for (const limit of [1000, 2 * MIB + 1, 32 * MIB - 1]) {
      expect(await problem(type, bytes, limit)).toBe(tooLarge(type, limit));
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
