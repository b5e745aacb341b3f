/**
 * The edge check: one pass over a request that has come in, after which every part of Tributary, and every receiver
 * behind it, can rely on it. See `checkRequest` for what is checked.
 *
 * The loop is driven by a table (check-table.ts): for each message, what a tag of one byte stands for. Runs of attributes,
 * which are most of any request, have a loop of their own (`quickKeyValues`), which leaves whatever is unusual to the
 * general one. All is read through a window on the request, whose strings are checked in bulk by native code
 * (text-window.ts). Together that is four times as fast as looking at every field and character in turn
 * (bench/micro/otlp-check.ts).
 */
import type { Signal } from '../component/signal.ts';
import { ACTION, ACTIONS, actionOf, MESSAGE, messageType, ROLE, ROLES, TAGS } from './check-table.ts';
import { varint32End, varintEnd, varintValue } from './checked-varint.ts';
import { badTag, Malformed, tooDeep, tooShort } from './malformed.ts';
import { REQUESTS } from './schema.ts';
import { blank8, TextWindow, windowBytes, windowView } from './text-window.ts';
import { MAX_VARINT_BYTES } from './wire.ts';

/**
 * How many messages may lie in one another below the request; the limit that protobuf's own C++ and Java libraries
 * have, so that no receiver behind us fails on what we let through. A value nested in arrays takes two a level.
 */
export const MAX_MESSAGE_DEPTH = 100;

const KEY_VALUE = MESSAGE + messageType('KeyValue');
const ANY_VALUE = messageType('AnyValue');

/** The tags within an attribute, as bytes: of KeyValue the key and the value, of AnyValue the common types. */
const STRING_TAG = 0x0a;
const VALUE_TAG = 0x12;
const BOOL_TAG = 0x10;
const INT_TAG = 0x18;
const DOUBLE_TAG = 0x21;

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

/** The tag of a value and that within it, as they lie in the first and third byte. */
const STRING_VALUE = (STRING_TAG << 16) | VALUE_TAG;
const INT_VALUE = (INT_TAG << 16) | VALUE_TAG;

/**
 * Passes attributes of the usual form, as long as they follow one another under the same tag: a key, then a string, bool,
 * int or double, all lengths below 128; or a longer string. The caller makes sure that two more messages may be nested.
 *
 *     tag length 0x0a key-length key… 0x12 value-length 0x0a string-length string…
 *
 * @returns the position of the first field that is something else, or wrong: the general way decides, and finds nothing
 *   of that field blanked
 */
function quickKeyValues(text: TextWindow, tag: number, start: number, messageEnd: number): number {
  const view = windowView;
  const wanted = (STRING_TAG << 16) | tag;
  let position = start;
  let end = messageEnd;
  while (position < end) {
    if (position > text.safe) {
      text.advance(position);
      end -= position;
      position = 0;
    }
    const stop = Math.min(end - 1, text.safe);
    while (position <= stop) {
      // What is read here beyond `end` is never taken: all lengths have to fit.
      const head = view.getInt32(position, true);
      const next = position + 2 + ((head >>> 8) & 0x7f);
      if ((head & 0x80ff_80ff) !== wanted) {
        const afterLong = (head & 0x80ff) === (0x8000 | tag) ? passLongString(text.limit, position, end) : 0;
        if (afterLong === 0) return position;
        position = afterLong;
        continue;
      }
      const valueStart = position + 4 + (head >>> 24);
      const value = view.getInt32(valueStart, true);
      const length = (value >>> 8) & 0xff;
      if (next > end || valueStart + 2 + length !== next) return position;
      const kind = value & 0x00ff_00ff;
      if (kind === STRING_VALUE) {
        if (value >>> 24 !== length - 2) return position;
      } else if (kind === INT_VALUE && length > 1 && length < 6) {
        // All but the last byte of a varint have the highest bit; the four bytes before `next` are this value's in any case.
        const continued = -1 << (40 - 8 * length);
        const last = view.getInt32(next - 4, true);
        if ((last & continued & 0x8080_8080) !== (continued & 0x0080_8080)) return position;
        view.setInt32(next - 4, 0);
      } else if (length < 2 || (kind & 0xff) !== VALUE_TAG || !isScalar(kind >>> 16, valueStart + 3, next)) {
        return position;
      }
      position = next;
    }
  }
  return position;
}

/**
 * The position after an attribute with a string of some hundred bytes: the lengths around it may take two bytes. 0 if
 * it is something else, or not all in the window.
 */
function passLongString(limit: number, start: number, end: number): number {
  const view = windowView;
  const high = view.getUint8(start + 2);
  const next = start + 3 + ((view.getUint8(start + 1) & 127) | (high << 7));
  if (high > 127 || next > end || next > limit || view.getUint8(start + 3) !== STRING_TAG) return 0;
  const keyLength = view.getUint8(start + 4);
  const valueTag = start + 5 + keyLength;
  if (keyLength > 127 || valueTag + 5 > next || view.getUint8(valueTag) !== VALUE_TAG) return 0;
  const stringTag = afterLength(valueTag + 1, next);
  if (stringTag === 0 || view.getUint8(stringTag) !== STRING_TAG) return 0;
  if (afterLength(stringTag + 1, next) === 0) return 0;
  // The first bytes of lengths of two bytes; others are below 128, and no harm.
  view.setUint8(start + 1, 0);
  view.setUint8(valueTag + 1, 0);
  view.setUint8(stringTag + 1, 0);
  return next;
}

/** The position after a length of one or two bytes that reaches to `next`; 0 if it does not. */
function afterLength(start: number, next: number): number {
  const view = windowView;
  const low = view.getUint8(start);
  if (low < 128) return start + 1 + low === next ? start + 1 : 0;
  const high = view.getUint8(start + 1);
  return high > 127 || start + 2 + ((low & 127) | (high << 7)) !== next ? 0 : start + 2;
}

/** Whether all that follows the tag of an AnyValue, from `start` to `end`, is one scalar; blanks it. */
function isScalar(type: number, start: number, end: number): boolean {
  switch (type) {
    case INT_TAG: {
      const last = end - 1;
      if (windowBytes[last]! > 127 || end - start >= MAX_VARINT_BYTES) return false;
      for (let at = start; at < last; at++) if (windowBytes[at]! < 128) return false;
      for (let at = start; at < last; at++) windowBytes[at] = 0;
      return true;
    }
    case BOOL_TAG:
      return end - start === 1 && windowBytes[start]! < 128;
    case DOUBLE_TAG:
      if (end - start !== 8) return false;
      blank8(start);
      return true;
    default:
      return false;
  }
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
