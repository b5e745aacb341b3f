/** The escapes of JSON strings (RFC 8259 section 7): `\\n` and the like, and `\\u` with a UTF-16 code unit. */
import { hexDigit } from './binary.ts';

export const BACKSLASH = 0x5c;
const U = 0x75;

/** The bytes that one letter after the backslash stands for. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/** What `escapeLength` gives for a letter that JSON has no escape for. */
export const NO_ESCAPE = -1;

/** What `escapeLength` gives for a code unit that is not four hexadecimal digits. */
const NO_CODE_UNIT = -2;

/** The length of the escape that begins at a position, or a negative number that says why there is none. */
export function escapeLength(bytes: Uint8Array, position: number, end: number): number {
  const letter = position + 1 < end ? bytes[position + 1]! : 0;
  if (ESCAPES.has(letter)) return 2;
  if (letter !== U) return NO_ESCAPE;
  if (position + 6 > end) return NO_CODE_UNIT;
  for (let at = position + 2; at < position + 6; at++) if (hexDigit(bytes[at]!) < 0) return NO_CODE_UNIT;
  return 6;
}

/**
 * Writes a string whose escapes are known to be good, decoded to UTF-8, into `out`, where it takes at most as many bytes;
 * returns the position after it. Lone surrogates become U+FFFD, as everywhere where JavaScript makes UTF-8.
 */
export function decodeEscapes(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Buffer,
  position: number,
): number {
  let to = position;
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      out[to++] = byte;
      at++;
    } else if (bytes[at + 1] !== U) {
      out[to++] = ESCAPES.get(bytes[at + 1]!)!;
      at += 2;
    } else {
      const unit = codeUnit(bytes, at);
      at += 6;
      const mayBePair = (unit & 0xfc00) === 0xd800 && bytes[at] === BACKSLASH && bytes[at + 1] === U;
      const second = mayBePair ? codeUnit(bytes, at) : 0;
      if ((second & 0xfc00) === 0xdc00) {
        to += out.write(String.fromCharCode(unit, second), to);
        at += 6;
      } else {
        to += out.write(String.fromCharCode(unit), to);
      }
    }
  }
  return to;
}

/** The code unit of the escape at a position. */
function codeUnit(bytes: Uint8Array, position: number): number {
  let value = 0;
  for (let at = position + 2; at < position + 6; at++) value = value * 16 + hexDigit(bytes[at]!);
  return value;
}
