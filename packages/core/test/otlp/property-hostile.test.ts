/**
 * Damaged requests. What the edge check lets through means to us what it means to protobufjs; all else is refused with one
 * error. Refusing more than protobufjs does is allowed (it takes groups, ids of any length and known fields of another
 * wire type, which it skips); letting through what protobufjs refuses is not.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, PermanentError, SIGNALS, type Signal } from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary, TIDY } from './arbitrary-wire.ts';
import { decode, type Plain, requestType, runs } from './oracle.ts';
import { batchView, plainView } from './oracle-view.ts';
import { inPieces } from './pieces.ts';

const TEXT =
  /^OTLP (traces|metrics|logs) request: byte \d+, in \w+( > \w+)*: expected .+ \(found .+\)\. Send protobuf as the OTLP definitions have it\.$/;

function expectSameOrRefused(signal: Signal, bytes: Uint8Array): void {
  const original = Uint8Array.from(bytes);
  let batch: Batch;
  try {
    batch = Batch.decode(signal, inPieces(bytes, 1 + (bytes.length % 17)));
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as PermanentError).code).toBe('OTLP_MALFORMED');
    expect((error as PermanentError).message).toMatch(TEXT);
    expect((error as PermanentError).details['offset']).toBeLessThanOrEqual(bytes.length);
    return;
  }
  expect(batchView(batch)).toStrictEqual(plainView(signal, decode(signal, bytes)));
  expect(Buffer.from(batch.toBytes())).toEqual(Buffer.from(bytes));
  expect(bytes).toStrictEqual(original);
}

/** Changes to a few bytes: bits turned, bytes put in, ranges taken out. Positions are shares of the length. */
const damageArbitrary = fc.array(
  fc.record({
    kind: fc.constantFrom('flip' as const, 'insert' as const, 'remove' as const, 'replace' as const),
    position: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    byte: fc.integer({ min: 0, max: 255 }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
);

type Damage = typeof damageArbitrary extends fc.Arbitrary<(infer One)[]> ? One : never;

function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let all = [...bytes];
  for (const { kind, position, byte, count } of damages) {
    const at = Math.floor(position * all.length);
    if (kind === 'flip') all[at] = (all[at] ?? 0) ^ (1 << (byte % 8));
    else if (kind === 'replace') all[at] = byte;
    else if (kind === 'insert') all.splice(at, 0, ...new Array<number>(count).fill(byte));
    else all = all.toSpliced(at, count);
  }
  return Uint8Array.from(all);
}

test.each(SIGNALS)('%s with damaged bytes are read as protobufjs reads them, or refused', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, damageArbitrary, (request, mess, damages) => {
      expectSameOrRefused(signal, damaged(encodeMessy(requestType(signal), request, mess), damages));
    }),
    runs(150),
  );
});

test.each(SIGNALS)('%s cut off anywhere are read as protobufjs reads them, or refused', (signal) => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, share, (request, mess, kept) => {
      const bytes = encodeMessy(requestType(signal), request, mess);
      expectSameOrRefused(signal, bytes.slice(0, Math.round(kept * bytes.length)));
    }),
    runs(50),
  );
});

test.each(SIGNALS)('random bytes as %s are read as protobufjs reads them, or refused', (signal) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => expectSameOrRefused(signal, bytes)),
    runs(500),
  );
});

test.each(SIGNALS)('small random fields as %s are read as protobufjs reads them, or refused', (signal) => {
  // Mostly tags and lengths that fit, so that the damage lies deep.
  const field: fc.Arbitrary<number[]> = fc.letrec<{ body: number[] }>((tie) => ({
    body: fc
      .array(
        fc.oneof(
          { depthSize: 'medium', withCrossShrink: true },
          fc.tuple(fc.nat(127), fc.nat(255)).map((pair): number[] => pair),
          fc
            .tuple(fc.integer({ min: 1, max: 12 }), tie('body'))
            .map(([number, body]) => [number * 8 + 2, ...varint(body.length), ...body]),
        ),
        { maxLength: 4 },
      )
      .map((fields) => fields.flat()),
  })).body;
  fc.assert(
    fc.property(field, (bytes) => expectSameOrRefused(signal, Uint8Array.from(bytes))),
    runs(500),
  );
});

/** An AnyValue in arrays, or in lists of keys and values, so many levels deep. */
function nested(kind: 'arrayValue' | 'kvlistValue', levels: number, leaf: Plain): Plain {
  let value = leaf;
  for (let level = 0; level < levels; level++) {
    value = { [kind]: { values: [kind === 'arrayValue' ? value : { key: 'k', value }] } };
  }
  return value;
}

test.each([
  ['arrays', 'arrayValue', 48],
  ['lists of keys and values', 'kvlistValue', 32],
] as const)(
  'values may nest in %s as deep as protobufjs takes them, and no deeper',
  (_what, kind, deepest) => {
    for (const leaf of [
      {},
      { stringValue: 'x' },
      { intValue: 1n },
      { arrayValue: {} },
      { kvlistValue: {} },
    ]) {
      for (let levels = deepest - 3; levels <= deepest + 3; levels++) {
        const body = nested(kind, levels, leaf);
        const logRecords = [{ body }, { attributes: [{ key: 'a', value: body }] }];
        for (const record of logRecords) {
          const request: Plain = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
          const bytes = encodeMessy(requestType('logs'), request, TIDY);
          const expected = outcome(() => plainView('logs', decode('logs', bytes)));
          expect(outcome(() => batchView(Batch.decode('logs', bytes)))).toStrictEqual(expected);
        }
      }
    }
  },
);

/** What a call gives, or that it was refused. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return 'refused';
  }
}

test.each([
  ['tag', [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00], 0],
  ['length', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 1],
])('a %s of more than five bytes is refused, as protobufjs refuses it', (_what, bytes, offset) => {
  expect(() => decode('logs', Uint8Array.from(bytes))).toThrow(/^invalid (tag|length) encoding$/);
  expect(() => Batch.decode('logs', Uint8Array.from(bytes))).toThrow(
    `OTLP logs request: byte ${offset}, in ExportLogsServiceRequest: ` +
      'expected a tag or length of at most 5 bytes (found 6). Send protobuf as the OTLP definitions have it.',
  );
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
