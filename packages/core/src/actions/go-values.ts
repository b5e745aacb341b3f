/**
 * Values as the Collector reads and writes them: pdata's `Value.AsString`, and Go's `strconv.ParseInt` and
 * `strconv.ParseFloat`. A pipeline that moves here from the Collector must give the same text and the same numbers.
 */
import type { AnyValue } from '../otlp/any-value.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Writes a value as text: strings as they are, bytes in base64, lists and maps as JSON with sorted keys. */
export function goString(value: AnyValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === null) return '';
  if (value instanceof Uint8Array) return base64(value);
  try {
    return goJson(value);
  } catch (error) {
    if (error instanceof UnsupportedValue) return '';
    throw error;
  }
}

/** Reads a decimal integer as `ParseInt(text, 10, 64)`; undefined if it is none or needs more than 64 bits. */
export function parseGoInt(text: string): bigint | undefined {
  if (text.length > 64 || !/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

/**
 * Reads a number as `ParseFloat(text, 64)`: decimal and hexadecimal floats, `inf`, `infinity` and `nan` in any case, and
 * underscores between digits. Undefined if it is none or beyond the range of a double.
 */
export function parseGoFloat(text: string): number | undefined {
  const special = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = HEX_FLOAT.test(text)
    ? parseHexFloat(text)
    : DECIMAL.test(text)
      ? parseDecimal(text)
      : undefined;
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** Truncates a double to 64 bits as Go does on x86-64: what does not fit becomes the smallest integer. */
export function goTruncate(value: number): bigint {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return INT64_MIN;
  return BigInt(Math.trunc(value));
}

/** Writes a double as `strconv.FormatFloat(value, 'f', -1, 64)`: never with an exponent. */
export function goFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [digits = '', exponent] = String(Math.abs(value)).split('e');
  if (exponent === undefined) return sign + digits;
  const [whole = '', fraction = ''] = digits.split('.');
  const power = Number(exponent);
  return power > 0
    ? sign + whole + fraction.padEnd(power, '0')
    : `${sign}0.${'0'.repeat(-power - 1)}${whole}${fraction}`;
}

const DIGITS = '[0-9](?:_?[0-9])*';
const DECIMAL = new RegExp(
  `^[+-]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`,
  'i',
);
const HEX_DIGITS = '[0-9a-f](?:_?[0-9a-f])*';
const HEX_FLOAT = new RegExp(
  `^[+-]?0x_?(?:${HEX_DIGITS}(?:\\.(?:${HEX_DIGITS})?)?|\\.${HEX_DIGITS})p[+-]?${DIGITS}$`,
  'i',
);

function parseDecimal(text: string): number {
  return Number(text.replaceAll('_', ''));
}

function parseHexFloat(text: string): number {
  const [mantissa = '', power = ''] = text.toLowerCase().replaceAll('_', '').split('p');
  const isNegative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]?0x/, '').split('.');
  const magnitude = Number(BigInt(`0x0${whole}${fraction}`));
  // In two steps, because 2 to the whole power may be too small for a double where the product is not.
  const exponent = Number(power) - 4 * fraction.length;
  const half = Math.trunc(exponent / 2);
  const value = magnitude === 0 ? 0 : magnitude * 2 ** half * 2 ** (exponent - half);
  return isNegative ? -value : value;
}

/** As JavaScript writes numbers (pdata copied it from there), but for minus zero and what JSON cannot hold. */
function goNumber(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : `json: unsupported value: ${goFixed(value)}`;
}

/** Go's JSON encoder refuses the whole value if a number in it is not finite; `goString` then gives nothing. */
class UnsupportedValue extends Error {}

function goJson(value: AnyValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return goJsonString(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new UnsupportedValue();
    return goNumber(value);
  }
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  const map = value as { readonly [key: string]: AnyValue };
  const pairs = Object.keys(map)
    .sort(compareUtf8)
    .map((key) => `${goJsonString(key)}:${goJson(map[key] as AnyValue)}`);
  return `{${pairs.join(',')}}`;
}

/** `encoding/json` escapes what could end a script element, and the two line separators. */
function goJsonString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
