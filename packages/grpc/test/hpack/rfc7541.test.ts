/** The examples of RFC 7541, Appendix C. */
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../src/hpack/decoder.ts';
import { HpackEncoder } from '../../src/hpack/encoder.ts';
import type { HeaderField } from '../../src/hpack/header-field.ts';
import { huffmanDecode, huffmanEncode, huffmanLength, huffmanMaxDecoded } from '../../src/hpack/huffman.ts';
import { IntegerReader, writeInteger } from '../../src/hpack/integer.ts';

const AGENT_FIELDS = [
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
    ['cache-control', 'no-cache'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
] as const;

const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const ANSWER_FIELDS = [
  [
    [':status', '302'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com'],
  ],
  [
    [':status', '307'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com'],
  ],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', COOKIE],
  ],
] as const;

const REQUESTS_PLAIN = [
  '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '8286 84be 5808 6e6f 2d63 6163 6865',
  '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
];
const REQUESTS_HUFFMAN = [
  '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
  '8286 84be 5886 a8eb 1064 9cbf',
  '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
];
/** With a table of 256 bytes, to which the first block is a change here. */
const ANSWERS_HUFFMAN = [
  '3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
  '4883 640e ffc1 c0bf',
  '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
];

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

function decodeAll(blocks: readonly string[]): readonly (readonly (readonly string[])[])[] {
  const decoder = new HpackDecoder(64 * 1024);
  return blocks.map((hex) => {
    const block = bytesOf(hex);
    const fields: HeaderField[] = [];
    decoder.decode(block, 0, block.length, fields);
    return fields.map(({ name, value }) => [name, value]);
  });
}

describe('integers', () => {
  it.each([
    ['C.1.1', 10, 5, '0a'],
    ['C.1.2', 1337, 5, '1f9a0a'],
    ['C.1.3', 42, 8, '2a'],
  ])('%s', (_, value, prefixBits, hex) => {
    const target = Buffer.alloc(6);
    expect(target.subarray(0, writeInteger(value, prefixBits, 0, target, 0)).toString('hex')).toBe(hex);
    const reader = new IntegerReader();
    const source = Buffer.from(hex, 'hex');
    expect([reader.read(source, 0, source.length, prefixBits), reader.end]).toEqual([value, source.length]);
  });

  it('that are cut off or absurd are none', () => {
    const reader = new IntegerReader();
    for (const hex of [
      '1f',
      '1f9a',
      '1fffffffffff',
      '1fffffffffffffffffffffff00',
      '1f80808080808080808000',
    ]) {
      const source = Buffer.from(hex, 'hex');
      expect(reader.read(source, 0, source.length, 5)).toBe(-1);
    }
  });
});

describe('header blocks', () => {
  it('C.3: requests without Huffman codes', () => {
    expect(decodeAll(REQUESTS_PLAIN)).toEqual(AGENT_FIELDS);
  });

  it('C.4: requests with Huffman codes', () => {
    expect(decodeAll(REQUESTS_HUFFMAN)).toEqual(AGENT_FIELDS);
  });

  it('C.6: answers, with evictions', () => {
    expect(decodeAll(ANSWERS_HUFFMAN)).toEqual(ANSWER_FIELDS);
  });

  it('C.2.3: a field that is never indexed', () => {
    expect(decodeAll(['1008 7061 7373 776f 7264 0673 6563 7265 74'])).toEqual([[['password', 'secret']]]);
  });

  it('C.4 and C.6: are written as there', () => {
    const encoder = new HpackEncoder();
    const encoded = AGENT_FIELDS.map((fields) =>
      encoder.encode(fields.map(([name, value]) => ({ name, value, indexing: 'indexed' }))),
    );
    expect(encoded).toEqual(REQUESTS_HUFFMAN.map(bytesOf));
    const small = new HpackEncoder();
    small.setTableSize(256);
    const answers = ANSWER_FIELDS.map((fields) =>
      small.encode(fields.map(([name, value]) => ({ name, value, indexing: 'indexed' }))),
    );
    expect(answers).toEqual(ANSWERS_HUFFMAN.map(bytesOf));
  });
});

describe('Huffman codes', () => {
  it('of every byte are read as they are written', () => {
    const text = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
    const encoded = Buffer.alloc(huffmanLength(text));
    expect(huffmanEncode(text, encoded, 0)).toBe(encoded.length);
    const decoded = Buffer.alloc(huffmanMaxDecoded(encoded.length));
    const length = huffmanDecode(encoded, 0, encoded.length, decoded);
    expect(decoded.toString('latin1', 0, length)).toBe(text);
  });

  it.each([
    ['EOS', 'ffffffff'],
    ['padding of a whole byte', '1fff'.repeat(2)],
    ['padding of zeros', '18'],
  ])('that are wrong are refused: %s', (_, hex) => {
    const source = Buffer.from(hex, 'hex');
    expect(huffmanDecode(source, 0, source.length, Buffer.alloc(20))).toBe(-1);
  });
});
