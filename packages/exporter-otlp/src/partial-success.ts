/**
 * The answer to an export, `Export<Signal>ServiceResponse`. Wire format, the same numbers for all signals:
 *
 *     response         1 partial_success message
 *     partial_success  1 rejected_spans | rejected_data_points | rejected_log_records int64 · 2 error_message string
 *
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#partial-success
 * Answers come from outside: nothing here throws, and what is not such a message is told apart from one that is empty.
 */
import type { SendResult, Signal } from '@tributary/core';
import { SERVICES } from './services.ts';

/** What an answer was: taken (`undefined` where it was taken whole), or not an answer of OTLP. */
export type Answer = { readonly result: SendResult | undefined } | 'nonsense';

const TAKEN: Answer = { result: undefined };

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const NEGATIVE_FROM = 2 ** 63;

/** Reads an answer in protobuf. */
export function readProtoAnswer(bytes: Uint8Array): Answer {
  if (bytes.length === 0) return TAKEN;
  let partial: Uint8Array | undefined;
  let rejectedItems = 0;
  let message = '';
  const isResponse = visitFields(bytes, (field, value) => {
    if (field === 1 && typeof value === 'object') partial = value;
  });
  if (!isResponse) return 'nonsense';
  if (partial === undefined) return TAKEN;
  const isPartial = visitFields(partial, (field, value) => {
    if (field === 1 && typeof value === 'number') rejectedItems = value < NEGATIVE_FROM ? value : 0;
    if (field === 2 && typeof value === 'object') message = Buffer.from(value).toString();
  });
  return isPartial ? answer(rejectedItems, message) : 'nonsense';
}

/** Reads an answer in JSON. 64-bit numbers may be numbers or strings of digits. */
export function readJsonAnswer(text: string, signal: Signal): Answer {
  if (text.trim() === '') return TAKEN;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'nonsense';
  }
  if (!isObject(parsed)) return 'nonsense';
  const partial = parsed['partialSuccess'];
  if (partial === undefined || partial === null) return TAKEN;
  if (!isObject(partial)) return 'nonsense';
  const rejected = integerOf(partial[SERVICES[signal].rejectedField] ?? 0);
  const message = partial['errorMessage'] ?? '';
  if (rejected === undefined || typeof message !== 'string') return 'nonsense';
  return answer(Math.max(rejected, 0), message);
}

/** A whole number as OTLP/JSON has it: a number, or its digits in a string. */
function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

/** A `partial_success` that is set but says nothing is a full success. */
function answer(rejectedItems: number, message: string): Answer {
  return rejectedItems === 0 && message === '' ? TAKEN : { result: { rejectedItems, message } };
}

/** Walks the fields of a message: varints as numbers, the rest as views. Returns whether the bytes are a message. */
function visitFields(bytes: Uint8Array, visit: (field: number, value: number | Uint8Array) => void): boolean {
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined || tag.value < 8) return false;
    const field = Math.floor(tag.value / 8);
    at = tag.end;
    const wireType = tag.value % 8;
    if (wireType === VARINT || wireType === DELIMITED) {
      const varint = readVarint(bytes, at);
      if (varint === undefined) return false;
      at = varint.end;
      if (wireType === VARINT) {
        visit(field, varint.value);
        continue;
      }
      if (varint.value > bytes.length - at) return false;
      visit(field, bytes.subarray(at, at + varint.value));
      at += varint.value;
    } else if (wireType === FIXED64) at += 8;
    else if (wireType === FIXED32) at += 4;
    else return false;
  }
  return at === bytes.length;
}

function readVarint(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * index);
    if (byte < 128) return { value, end: start + index + 1 };
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
