/**
 * Random OTLP messages, made from the published definitions by reflection: a field that is added there is tried here
 * without anybody thinking of it.
 */
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import type { Signal } from '../../src/component/signal.ts';
import { isEnum, messageType, type Plain, type PlainValue, requestType } from './oracle.ts';

/** How deep attribute values nest at most. */
const VALUE_DEPTH = 3;

/** Keys from a small set, so that they meet: in one list twice, and in edits. */
export const keyArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'service.name', 'http.request.method', '', 'größe') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 120, maxLength: 140 }) },
);

const stringArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 100, maxLength: 150 }) },
);

const bytesArbitrary = fc.uint8Array({ maxLength: 20 });

/** Ids are absent, empty or of their one length. */
export const traceIdArbitrary = idArbitrary(16);
export const spanIdArbitrary = idArbitrary(8);

const doubleArbitrary = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Number.NaN, 1e21, 5e-324));

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

const signedArbitrary = fc.oneof(
  fc.bigInt({ min: MIN_INT64, max: MAX_INT64 }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.constantFrom(MIN_INT64, MAX_INT64, 0n, -1n, 2n ** 53n, 2n ** 53n - 1n, -(2n ** 53n), 2n ** 32n),
);

const unsignedArbitrary = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX_UINT64 }),
  fc.constantFrom(0n, 1n, 1_700_000_000_000_000_000n, MAX_UINT64, 2n ** 63n, 2n ** 53n + 1n, 2n ** 32n),
);

const int32Arbitrary = fc.oneof(fc.integer({ min: 0, max: 25 }), fc.integer());
const uint32Arbitrary = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }));

export const SCALARS: Readonly<Record<string, fc.Arbitrary<PlainValue>>> = {
  string: stringArbitrary,
  bool: fc.boolean(),
  double: doubleArbitrary,
  bytes: bytesArbitrary,
  int32: int32Arbitrary,
  sint32: int32Arbitrary,
  uint32: uint32Arbitrary,
  fixed32: uint32Arbitrary,
  int64: signedArbitrary,
  sfixed64: signedArbitrary,
  uint64: unsignedArbitrary,
  fixed64: unsignedArbitrary,
};

const messages = new Map<string, fc.Arbitrary<Plain>>();

/** Random content of an export request. Keys are left out where nothing is set. */
export function requestArbitrary(signal: Signal): fc.Arbitrary<Plain> {
  return messageArbitrary(requestType(signal), 0);
}

/** Random content of a message of the type, `depth` being how deep in an attribute value it lies. */
export function messageArbitrary(type: protobuf.Type, depth: number): fc.Arbitrary<Plain> {
  const name = `${type.fullName}@${depth}`;
  const known = messages.get(name);
  if (known !== undefined) return known;
  const made = type.name === 'AnyValue' ? anyValueArbitrary(type, depth) : recordArbitrary(type, depth);
  messages.set(name, made);
  return made;
}

function recordArbitrary(type: protobuf.Type, depth: number): fc.Arbitrary<Plain> {
  const inOneof = new Set(
    type.oneofsArray.filter((one) => one.fieldsArray.length > 1).flatMap((one) => one.oneof),
  );
  const model: Record<string, fc.Arbitrary<PlainValue>> = {};
  for (const field of type.fieldsArray) {
    if (!inOneof.has(field.name)) model[field.name] = fieldArbitrary(field, depth);
  }
  const requiredKeys = type.fieldsArray.filter(isStructure).map((field) => field.name);
  const record = fc.record(model, { requiredKeys }) as fc.Arbitrary<Plain>;
  if (inOneof.size === 0) return record;
  return fc
    .tuple(record, memberArbitrary(type, [...inOneof], depth))
    .map(([plain, member]) => ({ ...plain, ...member }));
}

/** An AnyValue with one member, or none. Values that hold values become rarer with the depth and end at `VALUE_DEPTH`. */
function anyValueArbitrary(type: protobuf.Type, depth: number): fc.Arbitrary<Plain> {
  const all = type.fieldsArray.map((field) => field.name);
  const flat = all.filter((name) => name !== 'arrayValue' && name !== 'kvlistValue');
  if (depth >= VALUE_DEPTH) return memberArbitrary(type, flat, depth);
  return fc.oneof(
    { weight: 5, arbitrary: memberArbitrary(type, flat, depth) },
    { weight: 2, arbitrary: memberArbitrary(type, ['arrayValue', 'kvlistValue'], depth + 1) },
  );
}

/** None or one of the members of a oneof. */
function memberArbitrary(type: protobuf.Type, names: readonly string[], depth: number): fc.Arbitrary<Plain> {
  const members = names.map((name) =>
    fieldArbitrary(type.fields[name]!, depth).map((value): Plain => ({ [name]: value })),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<Plain>({}) },
    ...members.map((arbitrary) => ({ weight: 3, arbitrary })),
  );
}

function fieldArbitrary(field: protobuf.Field, depth: number): fc.Arbitrary<PlainValue> {
  const one = elementArbitrary(field, depth);
  if (!field.repeated) return one;
  if (!isStructure(field)) return fc.array(one, { maxLength: 3 });
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<PlainValue[]>([]) },
    { weight: 12, arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }) },
  );
}

/** Whether a field is one of the levels from the request down to the items: most requests should have some. */
function isStructure(field: protobuf.Field): boolean {
  return field.repeated && /^(resource|scope)|^(spans|logRecords|metrics|dataPoints)$/.test(field.name);
}

function elementArbitrary(field: protobuf.Field, depth: number): fc.Arbitrary<PlainValue> {
  const type = messageType(field);
  if (type !== undefined) return messageArbitrary(type, depth);
  if (isEnum(field)) return int32Arbitrary;
  if (field.parent?.name === 'KeyValue' && field.name === 'key') return keyArbitrary;
  if (field.name === 'traceId') return traceIdArbitrary;
  if (field.name === 'spanId' || field.name === 'parentSpanId') return spanIdArbitrary;
  return SCALARS[field.type]!;
}

function idArbitrary(length: number): fc.Arbitrary<Uint8Array> {
  const filled = fc.uint8Array({ minLength: length, maxLength: length });
  return fc.oneof({ weight: 1, arbitrary: fc.constant(new Uint8Array(0)) }, { weight: 5, arbitrary: filled });
}
