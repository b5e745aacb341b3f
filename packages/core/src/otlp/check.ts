/**
 * The edge check: one pass over a request that has come in, after which every part of Tributary, and every receiver
 * behind it, can rely on it. See `checkRequest` for what is checked.
 *
 * The loop is driven by a table: for each message, what a tag of one byte stands for. Tags of more bytes (field numbers
 * above 15, or written longer than needed) are looked up by their number.
 */
import type { Signal } from '../component/signal.ts';
import { Malformed } from './malformed.ts';
import { type FieldSpec, MESSAGE_NAMES, MESSAGES, type MessageName, REQUESTS } from './schema.ts';
import { findInvalidUtf8 } from './utf8.ts';
import { MAX_VARINT_BYTES, WIRE } from './wire.ts';

/**
 * How many messages may lie in one another below the request; the limit that protobuf's own C++ and Java libraries
 * have, so that no receiver behind us fails on what we let through. A value nested in arrays takes two a level.
 */
export const MAX_MESSAGE_DEPTH = 100;

/** What to do with the value of a field. Numbers from `MESSAGE` on are a message of the type `action - MESSAGE`. */
const ACTION = {
  badField: 0,
  badWireType: 1,
  group: 2,
  varint: 3,
  fixed64: 4,
  fixed32: 5,
  skipBytes: 6,
  string: 7,
  traceId: 8,
  spanId: 9,
  packedFixed64: 10,
  packedVarint: 11,
} as const;
const MESSAGE = 16;

const TAGS = 128;
const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const MESSAGE_TYPES = new Map<MessageName, number>(MESSAGE_NAMES.map((name, index) => [name, index]));

/** What a message means to the count of items: one item, or the data of a metric, of which only the last member counts. */
const ROLE = { none: 0, item: 1, data: 2 } as const;
const ROLES = Uint8Array.from(MESSAGE_NAMES, roleOf);

/** By wire type. */
const UNKNOWN_ACTIONS = [
  ACTION.varint,
  ACTION.fixed64,
  ACTION.skipBytes,
  ACTION.group,
  ACTION.group,
  ACTION.fixed32,
];

const WIRE_TYPES: Readonly<Record<FieldSpec['type'], number>> = {
  string: WIRE.delimited,
  bytes: WIRE.delimited,
  traceId: WIRE.delimited,
  spanId: WIRE.delimited,
  message: WIRE.delimited,
  bool: WIRE.varint,
  enum: WIRE.varint,
  int32: WIRE.varint,
  uint32: WIRE.varint,
  sint32: WIRE.varint,
  int64: WIRE.varint,
  uint64: WIRE.varint,
  fixed32: WIRE.fixed32,
  fixed64: WIRE.fixed64,
  sfixed64: WIRE.fixed64,
  double: WIRE.fixed64,
};

const DELIMITED_ACTIONS: Readonly<Partial<Record<FieldSpec['type'], number>>> = {
  string: ACTION.string,
  traceId: ACTION.traceId,
  spanId: ACTION.spanId,
};

const ACTIONS = buildActions();

/**
 * Checks a request: that lengths and varints end within what encloses them, that known fields have their wire type, that
 * strings are UTF-8, that trace and span ids are absent or 16 and 8 bytes long (receivers refuse a whole request for
 * one of another length), that no more than `MAX_MESSAGE_DEPTH` messages are nested. Fields that are not known may
 * hold anything but groups.
 *
 * @returns the number of items: spans, data points or log records
 * @throws Malformed with the offset where it went wrong
 */
export function checkRequest(signal: Signal, bytes: Buffer): number {
  return checkMessage(bytes, MESSAGE_TYPES.get(REQUESTS[signal])!, 0, bytes.length, 0);
}

function checkMessage(bytes: Buffer, type: number, start: number, end: number, depth: number): number {
  let items = 0;
  let member = 0;
  let position = start;
  while (position < end) {
    const tagStart = position;
    let tag = bytes[position++]!;
    let action: number;
    if (tag < TAGS) {
      action = ACTIONS[type * TAGS + tag]!;
    } else {
      position = varintEnd(bytes, tagStart, end);
      tag = varintValue(bytes, tagStart, position);
      action = actionOf(type, tag);
    }
    switch (action) {
      case ACTION.badField:
      case ACTION.badWireType:
      case ACTION.group:
        throw badTag(type, tag, action, tagStart);
      case ACTION.varint:
        position = varintEnd(bytes, position, end);
        continue;
      case ACTION.fixed64:
        position += 8;
        if (position > end) throw tooShort(position - 8, 8, end - position + 8);
        continue;
      case ACTION.fixed32:
        position += 4;
        if (position > end) throw tooShort(position - 4, 4, end - position + 4);
        continue;
      default:
    }
    const lengthStart = position;
    let length = position < end ? bytes[position++]! : varintEnd(bytes, position, end);
    if (length > 127) {
      position = varintEnd(bytes, lengthStart, end);
      length = varintValue(bytes, lengthStart, position);
    }
    const valueEnd = position + length;
    if (valueEnd > end) throw tooShort(lengthStart, length, end - position);
    if (action >= MESSAGE) {
      if (depth === MAX_MESSAGE_DEPTH) throw tooDeep(tagStart);
      const childType = action - MESSAGE;
      const role = ROLES[childType]!;
      if (role === ROLE.data && tag !== member) {
        member = tag;
        items = 0;
      }
      const inner = checkMessage(bytes, childType, position, valueEnd, depth + 1);
      items += role === ROLE.item ? 1 : inner;
    } else if (action === ACTION.string) {
      const bad = findInvalidUtf8(bytes, position, valueEnd);
      if (bad >= 0) throw new Malformed(bad, 'UTF-8', `byte ${hexByte(bytes[bad]!)}`);
    } else if (action !== ACTION.skipBytes) {
      checkSpecial(bytes, action, position, valueEnd);
    }
    position = valueEnd;
  }
  return items;
}

/** Ids, and packed repeated scalars. */
function checkSpecial(bytes: Buffer, action: number, start: number, end: number): void {
  const length = end - start;
  if (action === ACTION.traceId) {
    if (length !== 0 && length !== 16)
      throw new Malformed(start, 'a trace id of 0 or 16 bytes', `${length} bytes`);
  } else if (action === ACTION.spanId) {
    if (length !== 0 && length !== 8)
      throw new Malformed(start, 'a span id of 0 or 8 bytes', `${length} bytes`);
  } else if (action === ACTION.packedFixed64) {
    if (length % 8 !== 0) throw new Malformed(start, 'packed values of 8 bytes each', `${length} bytes`);
  } else {
    for (let position = start; position < end; ) position = varintEnd(bytes, position, end);
  }
}

/** The position after a varint that starts here and must end before `end`. */
function varintEnd(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_VARINT_BYTES);
  let position = start;
  while (position < limit) {
    const byte = bytes[position++]!;
    if (byte > 127) continue;
    if (position === start + MAX_VARINT_BYTES && byte > 1) break;
    return position;
  }
  if (position === end && position - start < MAX_VARINT_BYTES) {
    throw new Malformed(start, 'a varint', 'the end of the message');
  }
  throw new Malformed(start, 'a varint of at most 64 bits', 'more');
}

/** A checked varint as a number; exact below 2^53, which is all that lengths and tags are compared with. */
function varintValue(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let position = end - 1; position >= start; position--) value = value * 128 + (bytes[position]! & 127);
  return value;
}

/** What to do with the value of a field whose tag is longer than a byte. */
function actionOf(type: number, tag: number): number {
  const number = Math.floor(tag / 8);
  if (tag < TAGS) return ACTIONS[type * TAGS + tag]!;
  if (number > MAX_FIELD_NUMBER) return ACTION.badField;
  const fields = MESSAGES[MESSAGE_NAMES[type]!];
  const field = Object.values(fields).find((candidate) => candidate.number === number);
  return fieldAction(field, tag % 8);
}

function buildActions(): Uint8Array {
  const actions = new Uint8Array(MESSAGE_NAMES.length * TAGS);
  for (const [type, name] of MESSAGE_NAMES.entries()) {
    for (let tag = 8; tag < TAGS; tag++) {
      const field = Object.values(MESSAGES[name]).find((candidate) => candidate.number === tag >>> 3);
      actions[type * TAGS + tag] = fieldAction(field, tag & 7);
    }
  }
  return actions;
}

function fieldAction(field: FieldSpec | undefined, wireType: number): number {
  if (wireType > WIRE.fixed32) return ACTION.badWireType;
  if (wireType === WIRE.startGroup || wireType === WIRE.endGroup) return ACTION.group;
  if (field === undefined) return UNKNOWN_ACTIONS[wireType]!;
  const wanted = WIRE_TYPES[field.type];
  if (wireType === wanted) {
    if (field.type === 'message') return MESSAGE + MESSAGE_TYPES.get(field.message!)!;
    return DELIMITED_ACTIONS[field.type] ?? UNKNOWN_ACTIONS[wireType]!;
  }
  if (!field.repeated || wireType !== WIRE.delimited) return ACTION.badWireType;
  if (wanted === WIRE.fixed64) return ACTION.packedFixed64;
  return wanted === WIRE.varint ? ACTION.packedVarint : ACTION.badWireType;
}

function roleOf(name: MessageName): number {
  if (name === 'Span' || name === 'LogRecord' || name.endsWith('DataPoint')) return ROLE.item;
  return Object.values(MESSAGES.Metric).some((field) => field.oneof === 'data' && field.message === name)
    ? ROLE.data
    : ROLE.none;
}

function badTag(type: number, tag: number, action: number, position: number): Malformed {
  if (action === ACTION.badField) {
    return new Malformed(
      position,
      `a field number from 1 to ${MAX_FIELD_NUMBER}`,
      String(Math.floor(tag / 8)),
    );
  }
  if (action === ACTION.group) return new Malformed(position, 'no group', `wire type ${tag % 8}`);
  const fields = Object.entries(MESSAGES[MESSAGE_NAMES[type]!]);
  const field = fields.find(([, spec]) => spec.number === Math.floor(tag / 8));
  if (field === undefined) return new Malformed(position, 'a wire type from 0 to 5', String(tag % 8));
  return new Malformed(position, `wire type ${WIRE_TYPES[field[1].type]} for ${field[0]}`, String(tag % 8));
}

function tooShort(position: number, wanted: number, left: number): Malformed {
  return new Malformed(position, `${wanted} more bytes`, `${left} to the end of the message`);
}

function tooDeep(position: number): Malformed {
  return new Malformed(position, `at most ${MAX_MESSAGE_DEPTH} messages in one another`, 'more');
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
