/**
 * Writes messages as OTLP/JSON, as the specification has it (`toJsonValue`), and with all that it allows beside (`toJsonText`):
 * keys in any order, white space, escapes, 64-bit integers as numbers or strings and with exponents, doubles as strings,
 * ids in either case, base64 in either alphabet, `null`s, unknown keys.
 */
import type protobuf from 'protobufjs';
import { isEnum, messageType, type Plain, type PlainValue } from './oracle.ts';

/** A JSON value; integers of 64 bits are strings in it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Keys that mean something in profiles only. */
const PROFILES_ONLY = new Set(['stringValueStrindex', 'keyStrindex']);

/** Keys that OTLP does not have: they are ignored, whatever is in them. */
const UNKNOWN_KEYS = ['trace_id', 'droppedattributescount', 'x', 'toString', '__proto__', ''];

const UNKNOWN_VALUES = ['null', '-0.5e-3', '"\\u0000\\ud800"', '{"a":[{},[],true]}', '[[[1]]]', 'false'];

/** The choices of `toJsonText`: a number below the limit each time. */
export type Choose = (limit: number) => number;

/** An endless source of choices. The same seed gives the same ones; 0 gives the plainest. */
export function choices(seed: number): Choose {
  let state = seed;
  return (limit) => {
    if (seed === 0) return 0;
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % limit;
  };
}

/** What a message is in OTLP/JSON, defaults left out. */
export function toJsonValue(type: protobuf.Type, plain: Plain): Json {
  const object: { [key: string]: Json } = {};
  for (const field of type.fieldsArray) {
    const value = plain[field.name];
    if (PROFILES_ONLY.has(field.name) || value === undefined) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) object[field.name] = value.map((element) => jsonElement(field, element));
    } else if (field.hasPresence || messageType(field) !== undefined || !isDefault(value)) {
      object[field.name] = jsonElement(field, value);
    }
  }
  return object;
}

/** A message as some JSON text that means it. */
export function toJsonText(type: protobuf.Type, plain: Plain, choose: Choose): string {
  const members: string[] = [];
  for (const field of type.fieldsArray) {
    const value = plain[field.name];
    if (PROFILES_ONLY.has(field.name)) continue;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) {
      if (choose(8) === 1) members.push(`${stringText(field.name, choose)}${space(choose)}:null`);
      continue;
    }
    const text = Array.isArray(value)
      ? `[${value.map((element) => space(choose) + elementText(field, element, choose)).join(`${space(choose)},`)}]`
      : elementText(field, value, choose);
    members.push(`${stringText(field.name, choose)}${space(choose)}:${space(choose)}${text}`);
  }
  if (choose(6) === 1) {
    const key = stringText(UNKNOWN_KEYS[choose(UNKNOWN_KEYS.length)]!, choose);
    members.push(`${key}:${UNKNOWN_VALUES[choose(UNKNOWN_VALUES.length)]!}`);
  }
  for (let index = members.length - 1; index > 0; index--) {
    const other = index - choose(index + 1);
    [members[index], members[other]] = [members[other]!, members[index]!];
  }
  return `{${space(choose)}${members.join(`,${space(choose)}`)}${space(choose)}}`;
}

function jsonElement(field: protobuf.Field, value: PlainValue): Json {
  const type = messageType(field);
  if (type !== undefined) return toJsonValue(type, value as Plain);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString(field.name === 'bytesValue' ? 'base64' : 'hex');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value as Json;
}

function elementText(field: protobuf.Field, value: PlainValue, choose: Choose): string {
  const type = messageType(field);
  if (type !== undefined) return toJsonText(type, value as Plain, choose);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return stringText(value, choose);
  if (value instanceof Uint8Array) return stringText(binaryText(field, value, choose), choose);
  if (typeof value === 'bigint') return maybeQuoted(integerText(value, choose), choose);
  if (field.type === 'double') return doubleText(value as number, choose);
  const text = integerText(BigInt(value as number), choose);
  return isEnum(field) ? text : maybeQuoted(text, choose);
}

function binaryText(field: protobuf.Field, value: Uint8Array, choose: Choose): string {
  const bytes = Buffer.from(value);
  if (field.name !== 'bytesValue') {
    const hex = bytes.toString('hex');
    return choose(2) === 0 ? hex : hex.toUpperCase();
  }
  const text = bytes.toString(choose(2) === 0 ? 'base64' : 'base64url');
  if (choose(2) === 0) return text.replace(/=+$/, '');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** An integer as it is, with zeros behind the point, or with an exponent. */
function integerText(value: bigint, choose: Choose): string {
  const text = value.toString();
  const zeros = /0+$/.exec(text)?.[0].length ?? 0;
  switch (choose(8)) {
    case 1:
      return `${text}.000`;
    case 2:
      return value === 0n ? '0e5' : `${text.slice(0, text.length - zeros)}e${zeros}`;
    case 3:
      return value === 0n ? '-0' : `${text}00E-2`;
    case 4:
      return /^-?\d\d/.test(text)
        ? text.replace(/^(-?\d)(\d+)$/, (_, one, rest) => `${one}.${rest}E+${rest.length}`)
        : text;
    default:
      return text;
  }
}

function doubleText(value: number, choose: Choose): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  const text = Object.is(value, -0) ? '-0' : choose(3) === 1 ? value.toExponential() : String(value);
  return maybeQuoted(text, choose);
}

function maybeQuoted(text: string, choose: Choose): string {
  return choose(2) === 0 ? text : `"${text}"`;
}

/** A string, some of its characters escaped though they need not be. */
function stringText(value: string, choose: Choose): string {
  if (choose(4) !== 1) return JSON.stringify(value);
  let text = '';
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index).toString(16).padStart(4, '0');
    text += `\\u${choose(2) === 0 ? unit : unit.toUpperCase()}`;
  }
  return `"${text}"`;
}

function space(choose: Choose): string {
  return ['', '', '', ' ', '\n\t', '\r\n'][choose(6)]!;
}

function isDefault(value: PlainValue): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === '' || value === false || value === 0n || Object.is(value, 0);
}
