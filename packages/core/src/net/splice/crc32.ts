/**
 * The CRC-32 of a content whose beginning was exchanged, from that of the content before, without reading the rest of it.
 *
 * A CRC is a remainder of polynomials over two elements, so that of two parts is (zlib's `crc32_combine`)
 *
 *     crc(AB) = crc(A) · x^(8 |B|)  +  crc(B)      modulo P
 *
 * and with another beginning H it is crc(AB) + (crc(A) + crc(H)) · x^(8 |B|). Adding is exclusive or.
 */
import zlib from 'node:zlib';

/** P without its highest term, lowest term in the highest bit (RFC 1952 section 8). */
const POLYNOMIAL = 0xedb8_8320;
const ONE = 0x8000_0000;
/** x^8: one byte. */
const BYTE = 0x0080_0000;

/** The CRC-32 of `head` and `restBytes` more bytes, which with `former` before them have the CRC-32 `crc`. */
export function exchangeCrc32(crc: number, former: Uint8Array, head: Uint8Array, restBytes: number): number {
  const difference = zlib.crc32(former) ^ zlib.crc32(head);
  return (crc ^ multiply(power(BYTE, restBytes), difference)) >>> 0;
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
