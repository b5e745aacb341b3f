/** The quick way of the edge check past attributes, which are most of any request (check.ts). */
import { blank8, type TextWindow, windowBytes, windowView } from './text-window.ts';
import { MAX_VARINT_BYTES } from './wire.ts';

/** The tags within an attribute, as bytes: of KeyValue the key and the value, of AnyValue the common types. */
export const STRING_TAG = 0x0a;
const VALUE_TAG = 0x12;
const BOOL_TAG = 0x10;
const INT_TAG = 0x18;
const DOUBLE_TAG = 0x21;

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
export function quickKeyValues(text: TextWindow, tag: number, start: number, messageEnd: number): number {
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
