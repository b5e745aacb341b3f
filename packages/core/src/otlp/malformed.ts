/** Says in plain words where and why a request is not OTLP. Nothing here is on the path of a good request. */
import type { Signal } from '../component/signal.ts';
import { PermanentError } from '../errors.ts';
import { MESSAGES, type MessageName, REQUESTS } from './schema.ts';
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** What the check found, before it is known in which message that is. */
export class Malformed extends Error {
  /** The position of the byte, from the start of the request. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;

  constructor(offset: number, expected: string, found: string) {
    super(expected);
    this.offset = offset;
    this.expected = expected;
    this.found = found;
  }
}

/** The error that the sender is told: the offset, the messages around it, what was expected and what was found. */
export function malformedError(signal: Signal, bytes: Buffer, malformed: Malformed): PermanentError {
  const { offset, expected, found } = malformed;
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
