/**
 * Integers of up to 64 bits out of the text of a JSON number, exact where a double is not.
 *
 *     number := "-"? ("0" | [1-9][0-9]*) ("." [0-9]+)? ([eE] [+-]? [0-9]+)?        RFC 8259 section 6
 *
 * A fraction or an exponent is taken where the value is integral all the same (`1.5e3`), as protobuf's JSON mapping asks.
 */

const TWO_32 = 0x1_0000_0000;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;

/** Digits read at a time: 2^32 times 10^6, plus six digits, is below 2^53. */
const CHUNK_DIGITS = 6;

/** No 64-bit integer has more digits. */
const MAX_DIGITS = 20;

/** Where the number that starts at `start` ends, or -1 if what stands there is not a JSON number. */
export function scanNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] === MINUS) at++;
  const integer = skipDigits(bytes, at, end);
  if (integer === at || (bytes[at] === DIGIT_0 && integer > at + 1)) return -1;
  at = integer;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = skipDigits(bytes, at + 1, end);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at++;
    if (at < end && (bytes[at] === 0x2b || bytes[at] === MINUS)) at++;
    const exponent = skipDigits(bytes, at, end);
    if (exponent === at) return -1;
    at = exponent;
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) at++;
  return at;
}

/**
 * The integer last read, its magnitude in two unsigned halves. One object is reused for all: an integer costs no
 * allocation.
 */
export class JsonInteger {
  isNegative = false;
  low = 0;
  high = 0;

  /**
   * Reads the number in a range of bytes, which must be a whole JSON number (`scanNumber`). False if it is not integral or
   * its magnitude does not fit 64 bits.
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.isNegative = bytes[start] === MINUS;
    this.low = 0;
    this.high = 0;
    const first = this.isNegative ? start + 1 : start;
    if (skipDigits(bytes, first, end) !== end) return this.#readExact(bytes.toString('latin1', first, end));
    return end - first <= MAX_DIGITS && this.#readDigits(bytes, first, end);
  }

  /** Whether the value is within `int64`. */
  get fitsInt64(): boolean {
    return this.high < 0x8000_0000 || (this.isNegative && this.high === 0x8000_0000 && this.low === 0);
  }

  /** Whether the value is within `uint64`. */
  get fitsUint64(): boolean {
    return !this.isNegative || (this.low === 0 && this.high === 0);
  }

  /** The value, where it is within 53 bits; else something of a larger magnitude than any 32-bit number. */
  toNumber(): number {
    const magnitude = this.high * TWO_32 + this.low;
    return this.isNegative ? -magnitude : magnitude;
  }

  /** Turns the magnitude into the two's complement of the value, ready to be written. */
  complement(): void {
    if (!this.isNegative) return;
    this.low = -this.low >>> 0;
    this.high = (~this.high + (this.low === 0 ? 1 : 0)) >>> 0;
  }

  #readDigits(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; ) {
      const stop = Math.min(at + CHUNK_DIGITS, end);
      let chunk = 0;
      let scale = 1;
      for (; at < stop; at++) {
        chunk = chunk * 10 + bytes[at]! - DIGIT_0;
        scale *= 10;
      }
      const low = this.low * scale + chunk;
      this.low = low % TWO_32;
      this.high = this.high * scale + Math.floor(low / TWO_32);
      if (this.high >= TWO_32) return false;
    }
    return true;
  }

  /** The long way, for numbers with a fraction or an exponent: shifts the decimal point by hand. */
  #readExact(text: string): boolean {
    const [mantissa = '', exponentText = '0'] = text.toLowerCase().split('e');
    const [integer = '', fraction = ''] = mantissa.split('.');
    const all = integer + fraction;
    // By loops: a pattern for trailing zeros takes quadratic time over zeros that are not trailing.
    let first = 0;
    let last = all.length;
    while (first < last && all[first] === '0') first++;
    while (last > first && all[last - 1] === '0') last--;
    if (first === last) return true;
    const digits = all.slice(first, last);
    const exponent = Number(exponentText) - fraction.length + (all.length - last);
    if (exponent < 0 || digits.length + exponent > MAX_DIGITS) return false;
    const plain = Buffer.from(digits + '0'.repeat(exponent), 'latin1');
    return this.#readDigits(plain, 0, plain.length);
  }
}
