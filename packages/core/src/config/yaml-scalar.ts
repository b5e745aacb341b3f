/**
 * What a plain (unquoted) YAML scalar means: the rules of Go's yaml.v3, which the Collector reads its configuration
 * with, and which differ from YAML 1.2's core schema:
 *
 *     null    ~ null Null NULL and nothing at all
 *     bool    true True TRUE false False FALSE (yes, no, on, off are strings)
 *     int     [-+]? decimal, 0x…, 0o…, 0b…, or octal after a leading 0; underscores anywhere count for nothing
 *     float   [-+]? decimal with a point or an exponent; .inf, -.inf, .nan
 *     string  everything else, dates included
 */
import type { Scalar } from './node.ts';

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Scalar] => [word, null]),
  ...['true', 'True', 'TRUE'].map((word): [string, Scalar] => [word, true]),
  ...['false', 'False', 'FALSE'].map((word): [string, Scalar] => [word, false]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, Scalar] => [word, Number.NaN]),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, Scalar] => [
    word,
    Number.POSITIVE_INFINITY,
  ]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, Scalar] => [word, Number.NEGATIVE_INFINITY]),
]);

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** Gives the value of a plain scalar. */
export function resolvePlainScalar(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  const integer = parseInteger(digits);
  if (integer !== undefined) return integer;
  return FLOAT.test(digits) ? Number(digits) : text;
}

/** Whether a plain scalar is a number that is written as a floating-point one: `1.0`, `1e3`. */
export function isPlainDouble(text: string): boolean {
  const digits = text.replaceAll('_', '');
  return FLOAT.test(digits) && parseInteger(digits) === undefined;
}

/** Reads an integer as Go's `strconv.ParseInt` does with base 0; undefined if it is none, or exceeds 64 bits. */
function parseInteger(text: string): number | bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.exec(text);
  if (match === null) return undefined;
  const magnitude = BigInt((match[2] as string).replace(/^0[oO]?(?=[0-7])/, '0o'));
  const value = match[1] === '-' ? -magnitude : magnitude;
  if (value < MIN_INT64 || value > MAX_UINT64) return undefined;
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isSafe ? Number(value) : value;
}
