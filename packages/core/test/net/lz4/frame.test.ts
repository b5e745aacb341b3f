import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../src/errors.ts';
import { compress, decompress } from '../../../src/net/compression.ts';
import { lz4Compress, lz4Decompress } from '../../../src/net/lz4/frame.ts';
import { xxh32 } from '../../../src/net/lz4/xxh32.ts';

const MIB = 1024 * 1024;
const MAGIC = [0x04, 0x22, 0x4d, 0x18];
const END = [0, 0, 0, 0];
/** Flags: version 1, blocks that do not know each other. */
const PLAIN = 0x60;
const SKIPPABLE = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

const testdata = (name: string) =>
  readFileSync(new URL(`../../../testdata/compression/${name}`, import.meta.url));

/** A frame of these parts, with a right checksum of its header. */
function frame(parts: readonly (readonly number[])[], flags = PLAIN, descriptor = 0x40, more: number[] = []) {
  const header = [flags, descriptor, ...more];
  return Buffer.from([
    ...MAGIC,
    ...header,
    (xxh32(Buffer.from(header)) >> 8) & 0xff,
    ...parts.flat(),
    ...END,
  ]);
}

/** A compressed block, and one that is not. */
const block = (...bytes: number[]) => [...uint32(bytes.length), ...bytes];
const plain = (...bytes: number[]) => [...uint32(bytes.length + 0x80000000), ...bytes];
const uint32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** Five bytes `a`, and then `offset` bytes back another twenty. */
const REPEATS = (offset: number) => [0x5f, 97, 97, 97, 97, 97, offset, 0, 1, 0x10, 98];

const read = (bytes: Uint8Array, limit = MIB) => Buffer.from(lz4Decompress(bytes, limit).content).toString();

it('the checksum is that of the specification', () => {
  const inputs = ['', 'a', 'abc', 'message digest', 'abcdefghijklmnopqrstuvwxyz'];
  expect(inputs.map((input) => xxh32(Buffer.from(input)).toString(16))).toEqual([
    '2cc5d05',
    '550d7456',
    '32d153ff',
    '7c948494',
    '63a14d5f',
  ]);
});

describe('what is read', () => {
  it('are blocks that refer to the one before, with checksums of their own and the size of the content', () => {
    const bytes = testdata('raw.linked.lz4');
    expect([bytes[4]! & 0x20, bytes[4]! & 0x18]).toEqual([0, 0x18]);
    expect(Buffer.compare(lz4Decompress(bytes, MIB).content, testdata('raw'))).toBe(0);
  });

  it('are blocks that are compressed and that are not, frames in a row, and frames to be skipped', () => {
    const first = frame([block(...REPEATS(1)), plain(99, 100)]);
    const bytes = Buffer.concat([SKIPPABLE, first, SKIPPABLE, frame([plain(101)]), frame([]), SKIPPABLE]);
    expect(read(bytes)).toBe(`${'a'.repeat(25)}bcde`);
  });

  it('is whether it was one frame alone', () => {
    const one = frame([plain(97)]);
    const bodies = [one, Buffer.concat([one, one]), Buffer.concat([one, SKIPPABLE]), SKIPPABLE];
    expect(bodies.map((bytes) => lz4Decompress(bytes, MIB).isOneFrame)).toEqual([true, false, false, false]);
  });
});

describe('a body that is refused', () => {
  const good = frame([block(...REPEATS(1))]);
  const sized = (claim: number) => frame([plain(97)], PLAIN | 8, 0x40, [...uint32(claim), 0, 0, 0, 0]);
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
  };
  const raw = testdata('raw.lz4');
  const linked = testdata('raw.linked.lz4');

  it.each<[name: string, bytes: Uint8Array, reason: string]>([
    ['in its header', good.subarray(0, 5), 'its end is cut off'],
    ['in a block', good.subarray(0, 15), 'its end is cut off'],
    ['before its end mark', good.subarray(0, -1), 'its end is cut off'],
    ['before its checksum', raw.subarray(0, -1), 'its end is cut off'],
    ['in what is to be skipped', SKIPPABLE.subarray(0, 10), 'its end is cut off'],
  ])('is cut off %s', (_name, bytes, reason) => {
    expect(() => read(bytes)).toThrow(new RangeError(reason));
  });

  it.each<[name: string, bytes: Uint8Array, reason: string]>([
    ['another magic number', Buffer.from([2, 0x21, 0x4c, 0x18]), 'there is no frame at offset 0'],
    ['zeros behind it', Buffer.concat([good, Buffer.alloc(4)]), `there is no frame at offset ${good.length}`],
    ['another version', frame([], 0xa0), 'the frame at offset 0 has the unknown version 2'],
    ['a dictionary', frame([], PLAIN | 1, 0x40, [1, 0, 0, 0]), 'the frame at offset 0 needs a dictionary'],
    ['a reserved flag', frame([], PLAIN | 2), 'the frame at offset 0 has reserved flags'],
    ['a reserved size of blocks', frame([], PLAIN, 0x30), 'the frame at offset 0 has reserved flags'],
    ['a damaged header', flipped(good, 6), 'the frame at offset 0 has a wrong checksum of its header'],
    ['damaged content', flipped(raw, -1 + raw.length), 'the frame at offset 0 has a wrong checksum'],
    ['a damaged block', flipped(linked, 40), 'the frame at offset 0 has a block with a wrong checksum'],
    ['more than it claims', sized(0), 'the frame at offset 0 claims 0 bytes and holds 1'],
    ['less than it claims', sized(2 ** 31), 'the frame at offset 0 claims 2147483648 bytes and holds 1'],
    [
      'a block that claims too much',
      frame([uint32(65537)]),
      'the frame at offset 0 has a block of more than 65536 bytes',
    ],
    [
      'a block that holds too much',
      frame([block(0x1f, 97, 1, 0, ...Array.from({ length: 258 }, () => 255), 0, 0)]),
      'the frame at offset 0 has a block that holds more than 65536 bytes',
    ],
    ['a match without its offset', frame([block(0x11, 97, 1)]), 'its end is cut off'],
    ['a length without its end', frame([block(0xf0, 255, 255)]), 'its end is cut off'],
    ['no literals behind a match', frame([block(0x10, 97, 1, 0)]), 'its end is cut off'],
    ['too few literals', frame([block(0x50, 97)]), 'a literal at offset 0 of its block is too long'],
    [
      'a match of offset 0',
      frame([block(...REPEATS(0))]),
      'a match at offset 0 of its block reaches outside',
    ],
    [
      'a match before the beginning',
      frame([block(...REPEATS(6))]),
      'a match at offset 0 of its block reaches outside',
    ],
    [
      'a match in a block that it may not know',
      frame([plain(97, 97), block(...REPEATS(6))]),
      'a match at offset 0 of its block reaches outside',
    ],
    [
      'a match in the frame before',
      Buffer.concat([frame([plain(97, 97)]), frame([block(...REPEATS(6))], 0x40)]),
      'a match at offset 0 of its block reaches outside',
    ],
  ])('has %s', (_name, bytes, reason) => {
    expect(() => read(bytes)).toThrow(new RangeError(reason));
  });

  it('has more frames than 1024, or more blocks than 131072, whatever is in them', () => {
    const frames = (count: number) => Buffer.concat(Array.from({ length: count }, () => frame([])));
    expect(read(frames(1024))).toBe('');
    expect(() => read(frames(1025))).toThrow('it has more than 1024 frames');
    const blocks = (count: number) => frame(Array.from({ length: count }, () => plain(97)));
    expect(read(blocks(131072)).length).toBe(131072);
    expect(() => read(blocks(131073))).toThrow('it has more than 131072 blocks');
  });

  it('would be larger than the limit: no memory is taken for it', () => {
    const bomb = lz4Compress(Buffer.alloc(32 * MIB));
    expect(bomb.length).toBeLessThan(200_000);
    expect(() => lz4Decompress(bomb, 32 * MIB - 1)).toThrow(PermanentError);
    const two = Buffer.concat([frame([plain(97)]), frame([plain(98)])]);
    expect(() => read(two, 1)).toThrow('larger than the limit (1 bytes)');
    expect(read(two, 2)).toBe('ab');
  });
});

describe('what is written', () => {
  it('is as small as what others write, and never more than a little larger than its content', () => {
    const raw = testdata('raw');
    expect(lz4Compress(raw).length).toBeLessThan(testdata('raw.lz4').length);
    const noise = fc.sample(fc.uint8Array({ minLength: 5000, maxLength: 5000 }), { numRuns: 1, seed: 1 })[0]!;
    expect(lz4Compress(noise).length).toBeLessThanOrEqual(noise.length + 15 + 4 + 4 + 4);
  });

  it('is read back where it is more than one block', () => {
    const large = Buffer.concat(Array.from({ length: 130 }, () => testdata('raw')));
    expect(Buffer.compare(lz4Decompress(lz4Compress(large), large.length).content, large)).toBe(0);
  });

  it('goes on in the form in which it came, if that is one frame', async () => {
    const [came, raw] = [testdata('raw.lz4'), testdata('raw')];
    const content = await decompress('lz4', came, MIB);
    expect(await compress('lz4', undefined, [content])).toBe(came);
    const two = Buffer.concat([came, came]);
    const anew = await compress('lz4', undefined, [await decompress('lz4', two, MIB)]);
    expect(Buffer.compare((await decompress('lz4', anew, MIB)).subarray(raw.length), raw)).toBe(0);
    expect(lz4Decompress(anew, MIB).isOneFrame).toBe(true);
  });
});
