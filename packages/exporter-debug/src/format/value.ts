import type { AnyValue } from '@tributary/core';
import { printable, shortened, word } from './text.ts';

/** The types that an attribute's value can have, by the Collector's words for them. */
const TYPE_WORDS = {
  string: 'Str',
  bool: 'Bool',
  int: 'Int',
  double: 'Double',
  array: 'Slice',
  kvlist: 'Map',
  bytes: 'Bytes',
  empty: 'Empty',
} as const;

/** The type of a value, as OTLP has it. */
export type ValueType = keyof typeof TYPE_WORDS;

/** A value with its type, whole: `Str(checkout)`, `Int(5)`, `Map({"a":1})`. */
export function typedValue(value: AnyValue, type: ValueType = typeOf(value)): string {
  return `${TYPE_WORDS[type]}(${type === 'empty' ? '' : fullText(value)})`;
}

/** A value as short text, such as follows `=` in a line: at most `limit` characters of it. */
export function shortValue(value: AnyValue, limit: number): string {
  if (typeof value === 'string') return word(value, limit);
  return value === null ? '' : shortened(clipped(value, limit), limit);
}

/** A value as the message of a line: strings without quotes. */
export function messageText(value: AnyValue, limit: number): string {
  return shortened(typeof value === 'string' ? value : value === null ? '' : clipped(value, limit), limit);
}

function fullText(value: AnyValue): string {
  return typeof value === 'string' ? printable(value) : printable(clipped(value, Number.POSITIVE_INFINITY));
}

/** JSON of a value, written until there are more than `limit` characters: a value may be as large as a request. */
function clipped(value: AnyValue, limit: number): string {
  const out = { text: '', limit };
  appendJson(out, value, typeof value !== 'object' || value instanceof Uint8Array);
  return out.text;
}

function appendJson(out: { text: string; readonly limit: number }, value: AnyValue, isPlain = false): void {
  if (out.text.length > out.limit) return;
  if (value === null) out.text += 'null';
  else if (value instanceof Uint8Array) {
    const base64 = Buffer.from(
      value.buffer,
      value.byteOffset,
      Math.min(value.byteLength, out.limit),
    ).toString('base64');
    out.text += isPlain ? base64 : `"${base64}"`;
  } else if (Array.isArray(value)) {
    out.text += '[';
    for (const [index, element] of value.entries()) {
      if (index > 0) out.text += ',';
      if (out.text.length > out.limit) return;
      appendJson(out, element);
    }
    out.text += ']';
  } else if (typeof value === 'object') {
    out.text += '{';
    let separator = '';
    for (const key in value) {
      if (out.text.length > out.limit) return;
      out.text += `${separator}${JSON.stringify(key.slice(0, out.limit))}:`;
      appendJson(out, (value as Record<string, AnyValue>)[key] as AnyValue);
      separator = ',';
    }
    out.text += '}';
  } else if (typeof value === 'string' && !isPlain) out.text += JSON.stringify(value.slice(0, out.limit));
  else out.text += numberText(value);
}

/** `NaN`, `Infinity` and integers beyond 2^53 as they are; `-0` keeps its sign. */
function numberText(value: string | number | bigint | boolean): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The type where only the value is known: a double without a fraction looks like an integer. */
function typeOf(value: AnyValue): ValueType {
  if (value === null) return 'empty';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) && !Object.is(value, -0) ? 'int' : 'double';
  if (value instanceof Uint8Array) return 'bytes';
  return Array.isArray(value) ? 'array' : 'kvlist';
}
