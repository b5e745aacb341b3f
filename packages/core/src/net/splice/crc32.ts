/**
 * The CRC-32 of two parts from that of each, without reading the second. A CRC is a remainder of polynomials over two
 * elements, so (as in zlib's `crc32_combine`)
 *
 *     crc(AB) = crc(A) · x^(8 |B|)  +  crc(B)      modulo P
 *
 * Adding is exclusive or.
 */
import zlib from 'node:zlib';

/** P without its highest term, lowest term in the highest bit (RFC 1952 section 8). */
const POLYNOMIAL = 0xedb8_8320;
const ONE = 0x8000_0000;
/** x^8: one byte. */
const BYTE = 0x0080_0000;

/** The CRC-32 of `first` and of `secondBytes` more bytes, which have the CRC-32 `second`. */
export function crc32Joined(first: Uint8Array, second: number, secondBytes: number): number {
  return (multiply(power(BYTE, secondBytes), zlib.crc32(first)) ^ second) >>> 0;
}

/** `base` to the power of `exponent`, modulo P. */
function power(base: number, exponent: number): number {
  let result = ONE;
  let square = base;
  for (let left = exponent; left > 0; left >>>= 1) {
    if ((left & 1) === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** a · b modulo P. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let left = a; left !== 0; left <<= 1) {
    if (left < 0 || left >= ONE) product ^= factor;
    factor = (factor & 1) === 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}
