import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, PermanentError, SIGNALS, type Signal } from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { choices, toJsonText, toJsonValue } from './arbitrary-json.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { editsArbitrary } from './edit-arbitrary.ts';
import { decode, decodeKnown, encode, type Plain, type PlainValue, requestType, runs } from './oracle.ts';
import { applyEdit } from './oracle-edit.ts';
import { filled } from './oracle-plain.ts';
import { batchView, plainView } from './oracle-view.ts';

test.each(SIGNALS)(
  'a batch of %s in JSON is what the specification makes of what protobufjs reads',
  (signal) => {
    fc.assert(
      fc.property(requestArbitrary(signal), messArbitrary, (request, mess) => {
        const type = requestType(signal);
        const bytes = encodeMessy(type, request, mess);
        const json: unknown = JSON.parse(Batch.decode(signal, bytes).toJson());
        expect(json).toStrictEqual(toJsonValue(type, decodeKnown(signal, bytes)));
      }),
      runs(50),
    );
  },
);

test.each(SIGNALS)('%s in any valid form of JSON become what they are in protobuf', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), fc.nat(), (request, seed) => {
      const type = requestType(signal);
      const plain = withoutProfiles(decode(signal, encode(signal, request))) as Plain;
      const batch = Batch.decodeJson(signal, Buffer.from(toJsonText(type, plain, choices(seed))));
      expect(decode(signal, batch.toBytes())).toStrictEqual(plain);
      // What is not checked when it comes from JSON would pass the check.
      expect(batchView(Batch.decode(signal, batch.toBytes()))).toStrictEqual(batchView(batch));
    }),
    runs(50),
  );
});

test.each(SIGNALS)('edited %s in JSON have the edits', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, editsArbitrary, (request, mess, edits) => {
      const type = requestType(signal);
      const bytes = encodeMessy(type, request, mess);
      const batch = Batch.decode(signal, bytes);
      const plain = filled(signal, decode(signal, bytes));
      for (const edit of edits) applyEdit(batch, plain, edit);
      const back = Batch.decodeJson(signal, Buffer.from(batch.toJson()));
      expect(batchView(back)).toStrictEqual(plainView(signal, withoutProfiles(plain) as Plain));
    }),
    runs(20),
  );
});

function expectSameOrRefused(signal: Signal, text: Buffer): void {
  let batch: Batch;
  try {
    batch = Batch.decodeJson(signal, text);
  } catch (error) {
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as PermanentError).code).toBe('OTLP_MALFORMED');
    expect((error as PermanentError).message).toMatch(
      /^OTLP\/JSON (traces|metrics|logs) request: .*(byte \d+).*\.$/,
    );
    return;
  }
  JSON.parse(text.toString());
  expect(batchView(Batch.decode(signal, batch.toBytes()))).toStrictEqual(batchView(batch));
}

const damageArbitrary = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...'{}[]",:\\0-e.nA \u007f')),
  { minLength: 1, maxLength: 3 },
);

test.each(SIGNALS)('%s in damaged JSON are refused, or were JSON all the same', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), fc.nat(), damageArbitrary, (request, seed, damages) => {
      const text = Buffer.from(
        toJsonText(requestType(signal), decode(signal, encode(signal, request)), choices(seed)),
      );
      for (const [share, character] of damages) text.write(character, Math.floor(share * (text.length - 1)));
      expectSameOrRefused(signal, text);
    }),
    runs(80),
  );
});

test.each(SIGNALS)('any JSON as %s is taken, or refused with its place', (signal) => {
  const names = [
    'resourceSpans',
    'resourceMetrics',
    'resourceLogs',
    'scopeSpans',
    'spans',
    'resource',
    'attributes',
    'key',
    'value',
    'name',
  ];
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -1, 1.5, 1e300, '', 'x', '1', 'NaN', '00'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(json, (value) => expectSameOrRefused(signal, Buffer.from(JSON.stringify(value)))),
    runs(200),
  );
});

/** Without the fields that mean something in profiles only, as if they were absent. */
function withoutProfiles(value: PlainValue): PlainValue {
  if (Array.isArray(value)) return value.map(withoutProfiles);
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, PlainValue] => {
    if (key === 'keyStrindex') return [key, 0];
    return [key, key === 'stringValueStrindex' ? undefined : withoutProfiles(inner)];
  });
  return Object.fromEntries(entries);
}
