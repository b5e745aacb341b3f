import { readFileSync } from 'node:fs';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchangeHead } from '../../../src/net/splice/exchange-head.ts';

const TYPES = ['gzip', 'zstd'] as const;
type Type = (typeof TYPES)[number];

const DECODERS = { gzip: gunzipSync, zstd: zstdDecompressSync } as const;

const testdata = (name: string) =>
  readFileSync(new URL(`../../../testdata/compression/${name}`, import.meta.url));

/** Lines that differ as telemetry does, names that repeat, ids that do not; what they begin with does not come again. */
function lines(count: number, seed = 1): Buffer {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff);
  const line = () =>
    `http.route=/api/v1/orders/${next()} server.address=shop-${next() % 9} trace=${next().toString(16)}\n`;
  return Buffer.from(`~#[<>]^|${Array.from({ length: count }, line).join('')}`);
}

function compressed(type: Type, content: Uint8Array, level: number): Uint8Array {
  return type === 'gzip'
    ? gzipSync(content, { level })
    : zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

/** What other decoders make of the form with another head; undefined where there is none. */
function exchanged(type: Type, content: Uint8Array, bytes: Uint8Array, from: number, head: Uint8Array) {
  const form = exchangeHead({ type, content, bytes }, { head, from });
  return form === undefined ? undefined : DECODERS[type](form);
}

const joined = (head: Uint8Array, content: Uint8Array, from: number) =>
  Buffer.concat([head, content.subarray(from)]);

describe.each(TYPES)('the beginning of what came as %s', (type) => {
  const head = Buffer.from('another=server.address=shop-1');

  it.each([
    ['a few bytes', 3, 1],
    ['one stream of literals', 4, 3],
    ['one block', 100, 3],
    ['one block of a low level', 100, 1],
    ['one block of a high level', 100, 9],
    ['many blocks', 6000, 3],
  ])('is exchanged in %s', (_name, count, level) => {
    const content = lines(count);
    const bytes = compressed(type, content, level);
    const found = exchanged(type, content, bytes, 6, head);
    expect(found === undefined ? undefined : Buffer.compare(found, joined(head, content, 6))).toBe(0);
  });

  it('is exchanged in what the libraries of Go compressed', () => {
    const content = testdata('request');
    const found = exchanged(type, content, testdata(`request.${type}`), 7, head);
    expect(found === undefined ? undefined : Buffer.compare(found, joined(head, content, 7))).toBe(0);
  });

  it('is exchanged whatever the shift of the bits behind it', () => {
    const content = lines(50);
    const bytes = compressed(type, content, 6);
    for (let from = 1; from < 9; from++) {
      const long = Buffer.from('server.address=another-place,http.route=/'.repeat(2));
      const found = exchanged(type, content, bytes, from, long);
      expect(found === undefined ? undefined : Buffer.compare(found, joined(long, content, from))).toBe(0);
    }
  });

  it('stays where a later part refers back to it', () => {
    const line = 'abcdefgh-0123456789';
    const content = Buffer.from(`${line}${lines(50).toString()}${line}`);
    expect(exchanged(type, content, compressed(type, content, 6), 6, head)).toBeUndefined();
  });

  it('stays where the content is stored as it is', () => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * at * 31 + (at >> 3)) % 251));
    expect(
      exchanged(type, content, compressed(type, content, type === 'gzip' ? 0 : 1), 6, head),
    ).toBeUndefined();
  });

  it('stays where the content is larger than may be done in place', () => {
    const content = lines(30_000);
    expect(content.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(exchanged(type, content, compressed(type, content, 1), 6, head)).toBeUndefined();
  });

  it('is exchanged rightly or not at all, whatever it was', () => {
    const text = fc.string({ minLength: 1, maxLength: 40 });
    const content = fc
      .tuple(fc.array(text, { minLength: 1, maxLength: 20 }), fc.array(fc.nat(1000), { maxLength: 400 }))
      .map(([words, order]) => Buffer.from(order.map((at) => `${words[at % words.length]}${at}`).join('')));
    fc.assert(
      fc.property(
        content,
        fc.nat(16),
        fc.uint8Array({ maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        (original, from, other, level) => {
          const found = exchanged(type, original, compressed(type, original, level), from, other);
          if (found !== undefined) expect(Buffer.compare(found, joined(other, original, from))).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is exchanged rightly or not at all where the form is damaged', () => {
    const content = lines(60);
    const bytes = compressed(type, content, 6);
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(bytes.length),
        (at, flip, length) => {
          const damaged = Buffer.from(bytes.subarray(0, Math.max(length, at + 1)));
          damaged[at]! ^= flip;
          const found = exchanged(type, content, damaged, 6, head);
          if (found !== undefined) expect(Buffer.compare(found, joined(head, content, 6))).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('other compressions keep nothing of what they were', () => {
  const content = lines(10);
  expect(
    exchangeHead({ type: 'snappy', content, bytes: content }, { head: content, from: 2 }),
  ).toBeUndefined();
});
