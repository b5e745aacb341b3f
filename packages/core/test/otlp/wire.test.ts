import { TextDecoder } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findInvalidUtf8, readUtf8, utf8Size, writeUtf8 } from '../../src/otlp/utf8.ts';
import {
  readBool,
  readInt32,
  readInt64,
  readSfixed64,
  readSint32,
  readUint64,
  readVarint32,
  skipVarint,
  varint64Size,
  varintSize,
  writeVarint,
  writeVarint64,
  zigzag32,
} from '../../src/otlp/wire.ts';
import { varint } from './wire-builder.ts';

const MASK_32 = 0xffff_ffffn;

/** Around every power of two that changes the length of a varint, and the ends. */
const UINT64S = [0n, 1n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n].concat(
  Array.from({ length: 9 }, (_, index) => 2n ** BigInt(7 * (index + 1))).flatMap((edge) => [edge - 1n, edge]),
);

describe('varints', () => {
  test.each(UINT64S)('%i is written as protobuf writes it, and read back', (value) => {
    const low = Number(value & MASK_32);
    const high = Number(value >> 32n);
    const out = Buffer.alloc(12);
    const end = writeVarint64(out, 1, low, high);
    expect(out.subarray(1, end)).toEqual(varint(value));
    expect({
      size: varint64Size(low, high),
      skipped: skipVarint(out, 1),
      uint64: readUint64(out, 1),
      uint32: readVarint32(out, 1),
      int32: readInt32(out, 1),
      bool: readBool(out, 1),
    }).toEqual({
      size: end - 1,
      skipped: end,
      uint64: value,
      uint32: low,
      int32: low | 0,
      bool: value !== 0n,
    });
  });

  test.each(UINT64S.filter((value) => value < 2n ** 32n))(
    '%i has the size that is reserved for it',
    (value) => {
      const out = Buffer.alloc(8);
      expect(writeVarint(out, 0, Number(value))).toBe(varintSize(Number(value)));
      expect(out.subarray(0, varintSize(Number(value)))).toEqual(varint(value));
    },
  );

  test.each([1, 2, 5, 9, 10])('a varint of %i bytes that could be shorter is read all the same', (bytes) => {
    const out = Buffer.concat([varint(1, bytes), Buffer.from([0xff])]);
    expect([skipVarint(out, 0), readVarint32(out, 0), readUint64(out, 0), readBool(out, 0)]).toEqual([
      bytes,
      1,
      1n,
      true,
    ]);
  });

  test.each([
    [0, 0],
    [-1, 1],
    [1, 2],
    [2147483647, 4294967294],
    [-2147483648, 4294967295],
  ])('%i is %i in zigzag', (value, encoded) => {
    expect([zigzag32(value), readSint32(varint(encoded), 0)]).toEqual([encoded, value]);
  });
});

describe('64-bit integers', () => {
  test.each([
    [0n, 0],
    [-1n, -1],
    [2n ** 53n - 1n, 9007199254740991],
    [-(2n ** 53n) + 1n, -9007199254740991],
    [2n ** 53n, 9007199254740992n],
    [-(2n ** 53n), -9007199254740992n],
    [2n ** 63n - 1n, 9223372036854775807n],
    [-(2n ** 63n), -9223372036854775808n],
  ])('%i is a number where that is exact', (value, expected) => {
    const fixed = Buffer.alloc(8);
    fixed.writeBigInt64LE(value);
    expect([readInt64(varint(value), 0), readSfixed64(fixed, 0)]).toEqual([expected, expected]);
  });
});

describe('UTF-8', () => {
  test.each([
    '',
    'a',
    'twelve chars',
    'thirteen char',
    'é',
    'ascii then é',
    '日本語',
    '😀',
    'x'.repeat(100) + 'ß',
  ])('%j is written and read', (text) => {
    const expected = new TextEncoder().encode(text);
    const out = Buffer.alloc(expected.length + 2);
    expect(writeUtf8(out, 1, text)).toBe(1 + expected.length);
    expect([utf8Size(text), readUtf8(out, 1, 1 + expected.length)]).toEqual([expected.length, text]);
    expect(new Uint8Array(out)).toEqual(new Uint8Array([0, ...expected, 0]));
  });

  test('a lone surrogate is written as the replacement character', () => {
    const out = Buffer.alloc(3);
    expect([utf8Size('\ud800'), writeUtf8(out, 0, '\ud800'), out.toString()]).toEqual([3, 3, '\ufffd']);
  });

  test('what is valid is what the platform’s decoder takes', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const leads = [
      ...edges,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xec,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf1,
      0xf4,
      0xf5,
      0xff,
    ];
    const differing: string[] = [];
    for (const first of leads) {
      for (const second of leads) {
        for (const third of edges) {
          for (const length of [1, 2, 3, 4]) {
            const bytes = Uint8Array.from([first, second, third, 0x80]).subarray(0, length);
            const isValid = findInvalidUtf8(bytes, 0, length) < 0;
            if (isValid !== isDecodable(decoder, bytes)) differing.push(Buffer.from(bytes).toString('hex'));
          }
        }
      }
    }
    expect(differing).toEqual([]);
  });

  test.each([
    ['61ff', 1],
    ['c3', 0],
    ['61e282', 1],
    ['e28228', 0],
    ['eda080', 0],
    ['f4908080', 0],
  ])('%s goes wrong at byte %i', (hex, position) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(findInvalidUtf8(bytes, 0, bytes.length)).toBe(position);
  });
});

function isDecodable(decoder: TextDecoder, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
