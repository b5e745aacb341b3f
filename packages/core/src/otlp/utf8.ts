/**
 * UTF-8 between JavaScript strings and bytes, and the check that bytes are UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). Lone surrogates in a JavaScript string are written as U+FFFD.
 */

/** Strings up to this many characters are handled by a loop, longer ones by Node's native code. */
const LOOP_CHARACTERS = 24;

/** Strings up to this many bytes are read by a loop: the native call costs as much as some twelve of them. */
const SHORT_STRING_BYTES = 12;

/** How many bytes a string takes in UTF-8. */
export function utf8Size(text: string): number {
  if (text.length > LOOP_CHARACTERS) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 127) return Buffer.byteLength(text);
  }
  return text.length;
}

/** Writes a string as UTF-8, for which there must be room; returns the position after it. */
export function writeUtf8(out: Buffer, position: number, text: string): number {
  if (text.length > LOOP_CHARACTERS) return position + out.write(text, position);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return position + out.write(text, position);
    out[position + index] = code;
  }
  return position + text.length;
}

/** The string that a range of valid UTF-8 holds. */
export function readUtf8(bytes: Buffer, start: number, end: number): string {
  if (end - start > SHORT_STRING_BYTES) return bytes.toString('utf8', start, end);
  let text = '';
  let position = start;
  for (; position + 4 <= end; position += 4) {
    const first = bytes[position]!;
    const second = bytes[position + 1]!;
    const third = bytes[position + 2]!;
    const fourth = bytes[position + 3]!;
    if ((first | second | third | fourth) > 127) return bytes.toString('utf8', start, end);
    text += String.fromCharCode(first, second, third, fourth);
  }
  for (; position < end; position++) {
    const byte = bytes[position]!;
    if (byte > 127) return bytes.toString('utf8', start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Where a range stops being UTF-8: the position of the first byte that cannot stand there, or -1 if all of it is valid.
 * A sequence that the range cuts off is reported at its first byte.
 */
export function findInvalidUtf8(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(lead);
    if (length === 0 || at + length > end) return at;
    const second = bytes[at + 1]!;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return at;
    for (let index = 2; index < length; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return at;
    at += length;
  }
  return -1;
}

function sequenceLength(lead: number): number {
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
