/**
 * The edge check: one pass over a request that has come in, after which every part of Tributary, and every receiver
 * behind it, can rely on it. See `checkRequest` for what is checked.
 *
 * The loop is driven by a table (check-table.ts): for each message, what a tag of one byte stands for. Runs of attributes,
 * which are most of any request, have a loop of their own (check-attributes.ts), which leaves whatever is unusual to the
 * general one. All is read through a window on the request, whose strings are checked in bulk by native code
 * (text-window.ts). Together that is four times as fast as looking at every field and character in turn
 * (bench/micro/otlp-check.ts).
 */
import type { Signal } from '../component/signal.ts';
import { quickKeyValues, STRING_TAG } from './check-attributes.ts';
import { ACTION, ACTIONS, actionOf, MESSAGE, messageType, ROLE, ROLES, TAGS } from './check-table.ts';
import { varint32End, varintEnd, varintValue } from './checked-varint.ts';
import { badTag, Malformed, tooDeep, tooShort } from './malformed.ts';
import { REQUESTS } from './schema.ts';
import { blank8, TextWindow, windowBytes } from './text-window.ts';

/**
 * How many messages may lie in one another below the request; the limit that protobuf's own C++ and Java libraries
 * have, so that no receiver behind us fails on what we let through. A value nested in arrays takes two a level.
 */
export const MAX_MESSAGE_DEPTH = 100;

const KEY_VALUE = MESSAGE + messageType('KeyValue');
const ANY_VALUE = messageType('AnyValue');

/**
 * Checks a request, which may be in pieces: that lengths and varints end within what encloses them, that known fields have
 * their wire type, that strings are UTF-8, that trace and span ids are absent or 16 and 8 bytes long (receivers refuse a whole
 * request for one of another length), that no more than `MAX_MESSAGE_DEPTH` messages are nested. Fields that are not known may
 * hold anything but groups.
 *
 * @returns the number of items: spans, data points or log records
 * @throws Malformed with the offset where it went wrong
 */
export function checkRequest(signal: Signal, pieces: readonly Buffer[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const text = new TextWindow(pieces);
  try {
    const items = checkMessage(text, messageType(REQUESTS[signal]), 0, length, 0);
    text.finish();
    return items;
  } catch (error) {
    throw error instanceof Malformed ? error.movedBy(text.base) : error;
  }
}

/**
 * Checks one message. `start` and `end` are positions in the window at the time of the call; when it returns, the message
 * ends at `end` less what the window has moved by.
 */
function checkMessage(
  text: TextWindow,
  type: number,
  start: number,
  messageEnd: number,
  depth: number,
): number {
  const bytes = windowBytes;
  const actions = type * TAGS;
  let items = 0;
  let member = 0;
  let position = start;
  let end = messageEnd;
  while (position < end) {
    if (position > text.safe) {
      text.advance(position);
      end -= position;
      position = 0;
    }
    const tagStart = position;
    let tag = bytes[position++]!;
    let action: number;
    if (tag < TAGS) {
      action = ACTIONS[actions + tag]!;
      if (action === KEY_VALUE && depth < MAX_MESSAGE_DEPTH - 1) {
        const base = text.base;
        position = quickKeyValues(text, tag, tagStart, end);
        const moved = text.base - base;
        end -= moved;
        if (moved > 0 || position !== tagStart) continue;
        position++;
      }
    } else {
      position = varint32End(bytes, tagStart, end);
      tag = varintValue(bytes, tagStart, position);
      action = actionOf(type, tag);
      text.blank(tagStart, position);
    }
    if (action < ACTION.skipBytes) {
      if (action === ACTION.fixed64) {
        position += 8;
        if (position > end) throw tooShort(position - 8, 8, end - position + 8);
        blank8(position - 8);
      } else if (action === ACTION.varint) {
        if (position < end && bytes[position]! < 128) {
          position++;
        } else {
          const valueStart = position;
          position = varintEnd(bytes, valueStart, end);
          text.blank(valueStart, position);
        }
      } else if (action === ACTION.fixed32) {
        position += 4;
        if (position > end) throw tooShort(position - 4, 4, end - position + 4);
        text.blank(position - 4, position);
      } else {
        throw badTag(type, tag, action, tagStart);
      }
      continue;
    }
    const lengthStart = position;
    let length = position < end ? bytes[position++]! : varintEnd(bytes, position, end);
    if (length > 127) {
      if (position < end && bytes[position]! < 128) {
        length = (length & 127) | (bytes[position++]! << 7);
        bytes[lengthStart] = 0;
      } else {
        position = varint32End(bytes, lengthStart, end);
        length = varintValue(bytes, lengthStart, position);
        text.blank(lengthStart, position);
      }
    }
    const valueEnd = position + length;
    if (valueEnd > end) throw tooShort(lengthStart, length, end - position);
    // Values that lie in the window as a whole and take no further look.
    if (action === ACTION.string) {
      if (valueEnd <= text.limit) {
        position = valueEnd;
        continue;
      }
    } else if (action === ACTION.spanId) {
      if (length === 8) {
        blank8(position);
        position = valueEnd;
        continue;
      }
    } else if (action === ACTION.traceId) {
      if (length === 16) {
        blank8(position);
        blank8(position + 8);
        position = valueEnd;
        continue;
      }
    }
    const base = text.base;
    if (action >= MESSAGE) {
      if (depth === MAX_MESSAGE_DEPTH) throw tooDeep(tagStart, MAX_MESSAGE_DEPTH);
      const childType = action - MESSAGE;
      if (!isPlain(bytes, childType, position, length)) {
        const role = ROLES[childType]!;
        if (role === ROLE.data && tag !== member) {
          member = tag;
          items = 0;
        }
        const inner = checkMessage(text, childType, position, valueEnd, depth + 1);
        items += role === ROLE.item ? 1 : inner;
      }
    } else if (action === ACTION.string) {
      text.pass(position, valueEnd);
    } else {
      checkBytes(text, action, position, valueEnd);
    }
    const moved = text.base - base;
    end -= moved;
    position = valueEnd - moved;
  }
  return items;
}

/**
 * Whether a message is one short field that needs no further look: an AnyValue that is a string, or anything with a number
 * below 128 (a status). Such a message is in the window as a whole, and holds no items.
 */
function isPlain(bytes: Buffer, type: number, start: number, length: number): boolean {
  if (length > 127) return false;
  if (type === ANY_VALUE && bytes[start] === STRING_TAG) return bytes[start + 1] === length - 2;
  return (
    length === 2 &&
    bytes[start]! < TAGS &&
    ACTIONS[type * TAGS + bytes[start]!] === ACTION.varint &&
    bytes[start + 1]! < 128 &&
    ROLES[type] === ROLE.none
  );
}

/** Ids of another length than they should have, packed repeated scalars, and bytes of which nothing is known. */
function checkBytes(text: TextWindow, action: number, start: number, end: number): void {
  const length = end - start;
  switch (action) {
    case ACTION.traceId:
      if (length !== 0) throw new Malformed(start, 'a trace id of 0 or 16 bytes', `${length} bytes`);
      return;
    case ACTION.spanId:
      if (length !== 0) throw new Malformed(start, 'a span id of 0 or 8 bytes', `${length} bytes`);
      return;
    case ACTION.packedVarint:
      checkPackedVarints(text, start, end);
      return;
    case ACTION.packedFixed64:
      if (length % 8 !== 0) throw new Malformed(start, 'packed values of 8 bytes each', `${length} bytes`);
      break;
    default:
  }
  text.blank(start, end);
}

function checkPackedVarints(text: TextWindow, start: number, fieldEnd: number): void {
  let position = start;
  let end = fieldEnd;
  while (position < end) {
    if (position > text.safe) {
      text.advance(position);
      end -= position;
      position = 0;
    }
    const next = varintEnd(windowBytes, position, end);
    text.blank(position, next);
    position = next;
  }
}
