/** Says in plain words where and why a request is not OTLP. Nothing here is on the path of a good request. */
import type { Signal } from '../component/signal.ts';
import { PermanentError } from '../errors.ts';
import {
  ACTION,
  ACTIONS,
  actionOf,
  MAX_FIELD_NUMBER,
  MESSAGE,
  messageType,
  TAGS,
  WIRE_TYPES,
} from './check-table.ts';
import { MESSAGE_NAMES, MESSAGES, type MessageName, REQUESTS } from './schema.ts';
import { findInvalidUtf8 } from './utf8.ts';
import { MAX_VARINT_BYTES, readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** What the check found, before it is known in which message that is. */
export class Malformed extends Error {
  /** The position of the byte, from the start of the request; within the check, from that of its window. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;

  constructor(offset: number, expected: string, found: string) {
    super(expected);
    this.offset = offset;
    this.expected = expected;
    this.found = found;
  }

  /** The same, with an offset that is so much larger. */
  movedBy(bytes: number): Malformed {
    return new Malformed(this.offset + bytes, this.expected, this.found);
  }
}

export function badTag(type: number, tag: number, action: number, position: number): Malformed {
  const number = Math.floor(tag / 8);
  const wireType = tag % 8;
  if (action === ACTION.badField) {
    return new Malformed(position, `a field number from 1 to ${MAX_FIELD_NUMBER}`, String(number));
  }
  if (action === ACTION.group) return new Malformed(position, 'no group', `wire type ${wireType}`);
  const fields = Object.entries(MESSAGES[MESSAGE_NAMES[type]!]);
  const field = fields.find(([, spec]) => spec.number === number);
  if (field === undefined || wireType > WIRE.fixed32) {
    return new Malformed(position, 'a wire type from 0 to 5', String(wireType));
  }
  return new Malformed(position, `wire type ${WIRE_TYPES[field[1].type]} for ${field[0]}`, String(wireType));
}

export function badVarint(position: number, end: number): Malformed {
  return end - position < MAX_VARINT_BYTES
    ? new Malformed(position, 'a varint', 'the end of the message')
    : new Malformed(position, 'a varint of at most 64 bits', 'more');
}

export function tooShort(position: number, wanted: number, left: number): Malformed {
  return new Malformed(position, `${wanted} more bytes`, `${left} to the end of the message`);
}

export function tooDeep(position: number, limit: number): Malformed {
  return new Malformed(position, `at most ${limit} messages in one another`, 'more');
}

/** The error that the sender is told: the offset, the messages around it, what was expected and what was found. */
export function malformedError(signal: Signal, bytes: Buffer, malformed: Malformed): PermanentError {
  const { offset, expected, found } = firstBadString(bytes, signal, malformed.offset) ?? malformed;
  const path = pathTo(bytes, REQUESTS[signal], offset);
  return new PermanentError(
    'OTLP_MALFORMED',
    `OTLP ${signal} request: byte ${offset}, in ${path}: expected ${expected} (found ${found}). ` +
      'Send protobuf as the OTLP definitions have it.',
    { details: { offset, path } },
  );
}

/**
 * The names of the messages that enclose an offset, from the outside in. All before the offset has been checked, so its
 * lengths are sound.
 */
function pathTo(bytes: Buffer, request: MessageName, offset: number): string {
  let name = request;
  let path: string = name;
  let start = 0;
  let end = bytes.length;
  for (;;) {
    const field = fieldAt(bytes, start, end, offset);
    if (field === undefined) return path;
    const spec = Object.values(MESSAGES[name]).find((candidate) => candidate.number === field.number);
    if (spec?.message === undefined) return path;
    name = spec.message;
    path += ` > ${name}`;
    start = field.bodyStart;
    end = field.end;
  }
}

/** The delimited field whose body holds the offset. */
function fieldAt(
  bytes: Buffer,
  start: number,
  end: number,
  offset: number,
): { number: number; bodyStart: number; end: number } | undefined {
  for (let position = start; position <= offset && position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    if ((tag & 7) === WIRE.delimited && at <= offset) {
      const bodyStart = skipVarint(bytes, at);
      const bodyEnd = skipValue(bytes, at, WIRE.delimited);
      if (offset >= bodyStart && offset < bodyEnd && bodyEnd <= end) {
        return { number: tag >>> 3, bodyStart, end: bodyEnd };
      }
    }
    position = skipValue(bytes, at, tag & 7);
  }
  return undefined;
}

/**
 * The first string before `offset` that is not UTF-8. The check looks at many strings at once and late, so it knows only
 * that there is one; and what it found first need not be what comes first.
 */
function firstBadString(bytes: Buffer, signal: Signal, offset: number): Malformed | undefined {
  const at = findBadString(bytes, messageType(REQUESTS[signal]), 0, offset);
  return at < 0 ? undefined : new Malformed(at, 'UTF-8', `byte 0x${bytes[at]!.toString(16)}`);
}

function findBadString(bytes: Buffer, type: number, start: number, end: number): number {
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const action = tag < TAGS ? ACTIONS[type * TAGS + tag]! : actionOf(type, tag);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if (action < MESSAGE && action !== ACTION.string) continue;
    const bodyStart = skipVarint(bytes, at);
    const bodyEnd = Math.min(position, end);
    const bad =
      action === ACTION.string
        ? position > end
          ? -1
          : findInvalidUtf8(bytes, bodyStart, bodyEnd)
        : findBadString(bytes, action - MESSAGE, bodyStart, bodyEnd);
    if (bad >= 0) return bad;
  }
  return -1;
}
