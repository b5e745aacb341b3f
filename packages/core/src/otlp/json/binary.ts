/** Bytes in JSON: hexadecimal for trace ids and span ids, base64 for all other bytes. */

/** The values of the characters of base64, of both alphabets (RFC 4648 sections 4 and 5); 255 for other bytes. */
const BASE64_VALUES = makeValues();

/**
 * Decodes hexadecimal digits in either case into `out`, for which there must be room; returns the position after it, or
 * -1 if it is no even number of digits.
 */
export function decodeHex(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  position: number,
): number {
  if ((end - start) % 2 !== 0) return -1;
  let to = position;
  for (let at = start; at < end; at += 2) {
    const high = hexDigit(text[at]!);
    const low = hexDigit(text[at + 1]!);
    if (high < 0 || low < 0) return -1;
    out[to++] = (high << 4) | low;
  }
  return to;
}

/**
 * Decodes base64, of either alphabet, padded or not, into `out`, for which there must be room; returns the position after
 * it, or -1 if it is not base64.
 */
export function decodeBase64(
  text: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  position: number,
): number {
  let last = end;
  if ((end - start) % 4 === 0) {
    while (last > start && last > end - 2 && text[last - 1] === 0x3d) last--;
  }
  if ((last - start) % 4 === 1) return -1;
  let to = position;
  let bits = 0;
  let count = 0;
  for (let at = start; at < last; at++) {
    const value = BASE64_VALUES[text[at]!]!;
    if (value === 255) return -1;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out[to++] = bits >>> count;
      bits &= (1 << count) - 1;
    }
  }
  return to;
}

/** The value of a hexadecimal digit in ASCII, either case, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function makeValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  values['-'.charCodeAt(0)] = 62;
  values['_'.charCodeAt(0)] = 63;
  return values;
}
