/**
 * Integers of RFC 7541 section 5.1: what fits into the low `prefixBits` of the first byte is there; else those are all
 * ones and the rest follows in groups of seven bits, low ones first.
 */

/** The largest number that is read: no length, index or size of a header block comes near it. */
const MAX_INTEGER = 2 ** 28;

/** Reads integers one after the other. A reader is used again for every block. */
export class IntegerReader {
  /** Where the integer that was read last ends. */
  end = 0;

  /** Reads the integer at `at`. Gives -1 where it does not end before `limit`, or is absurdly large. */
  read(source: Uint8Array, at: number, limit: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = source[at]! & mask;
    let next = at + 1;
    if (value === mask) {
      for (let scale = 1; ; scale *= 0x80) {
        if (next >= limit || scale > MAX_INTEGER) return -1;
        const byte = source[next++]!;
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
    }
    this.end = next;
    return value > MAX_INTEGER ? -1 : value;
  }
}

/** Writes an integer at `at`, `pattern` being the high bits of its first byte; returns where it ends. */
export function writeInteger(
  value: number,
  prefixBits: number,
  pattern: number,
  target: Uint8Array,
  at: number,
): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    target[at] = pattern | value;
    return at + 1;
  }
  target[at] = pattern | mask;
  let end = at + 1;
  let rest = value - mask;
  while (rest >= 0x80) {
    target[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[end++] = rest;
  return end;
}
