/**
 * Protobuf to OTLP/JSON. A message is read field by field into slots, one for each field of its type, in which scalars
 * are JSON text already; then the slots are written in the order of the definition. So fields may come in any order, and
 * a message in several pieces ends up as one.
 *
 * The rules are those of json-to-proto.ts, from the other side: 64-bit integers as decimal strings, ids in lower-case
 * hexadecimal, other bytes in padded base64, enums as integers, "NaN", "Infinity" and "-Infinity" as strings. Defaults are
 * left out, but for members of a oneof and `optional` fields that are set. Unknown fields have no place in JSON.
 */
import type { Signal } from '../../component/signal.ts';
import { readUtf8 } from '../utf8.ts';
import {
  asBuffer,
  readBool,
  readFixed32,
  readInt32,
  readInt64,
  readSfixed64,
  readSint32,
  readUint64,
  readVarint32,
  skipValue,
  skipVarint,
  WIRE,
} from '../wire.ts';
import { type MessageTable, REQUEST_TABLES, type TableField } from './message-table.ts';

/** What must be escaped in a JSON string; JSON.stringify does it where there is any. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const ESCAPED = /["\\\u0000-\u001f\u007f]/;

/** A field's value: JSON text, a message's slots, or many of either. */
type Slot = string | Slots | (string | Slots)[] | undefined;
type Slots = Slot[];

/** Turns an export request in protobuf, which the edge check has passed or our own writers made, into OTLP/JSON. */
export function protoToJson(signal: Signal, bytes: Uint8Array): string {
  const table = REQUEST_TABLES[signal];
  const slots = newSlots(table);
  const buffer = asBuffer(bytes);
  readMessage(table, buffer, 0, buffer.length, slots);
  return writeMessage(table, slots);
}

function newSlots(table: MessageTable): Slots {
  return new Array<Slot>(table.fields.length).fill(undefined);
}

function readMessage(table: MessageTable, bytes: Buffer, start: number, end: number, slots: Slots): void {
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    const wireType = tag & 7;
    position = skipValue(bytes, at, wireType);
    const field = table.fieldByNumber(tag >>> 3);
    if (field === undefined) continue;
    if (field.inOneof)
      for (const member of table.oneof) if (member !== field) slots[member.index] = undefined;
    if (field.type === 'message') readInto(field, bytes, skipVarint(bytes, at), position, slots);
    else if (field.isRepeated) readRepeated(field, bytes, wireType, at, position, slots);
    else slots[field.index] = scalarText(field, bytes, at, position);
  }
}

function readInto(field: TableField, bytes: Buffer, start: number, end: number, slots: Slots): void {
  const table = field.message!;
  if (field.isRepeated) {
    const message = newSlots(table);
    readMessage(table, bytes, start, end, message);
    append(slots, field.index, message);
  } else {
    const message = (slots[field.index] as Slots | undefined) ?? newSlots(table);
    slots[field.index] = message;
    readMessage(table, bytes, start, end, message);
  }
}

function readRepeated(
  field: TableField,
  bytes: Buffer,
  wireType: number,
  start: number,
  end: number,
  slots: Slots,
): void {
  if (wireType !== WIRE.delimited || field.type === 'string') {
    append(slots, field.index, elementText(field, bytes, start, end));
    return;
  }
  for (let at = skipVarint(bytes, start); at < end; ) {
    const next = field.type === 'uint64' ? skipVarint(bytes, at) : at + 8;
    append(slots, field.index, elementText(field, bytes, at, next));
    at = next;
  }
}

function append(slots: Slots, index: number, value: string | Slots): void {
  const list = slots[index];
  if (list === undefined) slots[index] = [value];
  else (list as (string | Slots)[]).push(value);
}

/** The JSON text of a scalar, or undefined where it is left out. `start` is the position after the tag. */
function scalarText(field: TableField, bytes: Buffer, start: number, end: number): string | undefined {
  const text = elementText(field, bytes, start, end);
  return !field.hasPresence && text === defaultText(field.type) ? undefined : text;
}

function defaultText(type: TableField['type']): string {
  switch (type) {
    case 'string':
    case 'bytes':
    case 'traceId':
    case 'spanId':
      return '""';
    case 'bool':
      return 'false';
    case 'int64':
    case 'uint64':
    case 'fixed64':
    case 'sfixed64':
      return '"0"';
    default:
      return '0';
  }
}

function elementText(field: TableField, bytes: Buffer, start: number, end: number): string {
  switch (field.type) {
    case 'string':
      return quote(readUtf8(bytes, skipVarint(bytes, start), end));
    case 'traceId':
    case 'spanId':
      return `"${bytes.toString('hex', skipVarint(bytes, start), end)}"`;
    case 'bytes':
      return `"${bytes.toString('base64', skipVarint(bytes, start), end)}"`;
    case 'bool':
      return readBool(bytes, start) ? 'true' : 'false';
    case 'double':
      return doubleText(bytes.readDoubleLE(start));
    case 'int64':
      return `"${readInt64(bytes, start)}"`;
    case 'uint64':
      return `"${readUint64(bytes, start)}"`;
    case 'fixed64':
      return `"${bytes.readBigUInt64LE(start)}"`;
    case 'sfixed64':
      return `"${readSfixed64(bytes, start)}"`;
    case 'fixed32':
      return String(readFixed32(bytes, start));
    case 'uint32':
      return String(readVarint32(bytes, start));
    case 'sint32':
      return String(readSint32(bytes, start));
    default:
      return String(readInt32(bytes, start));
  }
}

function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return `"${value}"`;
}

function writeMessage(table: MessageTable, slots: Slots): string {
  let text = '';
  const fields = table.fields;
  for (let index = 0; index < fields.length; index++) {
    const slot = slots[index];
    const field = fields[index]!;
    if (slot === undefined || !field.isInJson) continue;
    text += `${text === '' ? '' : ','}"${field.name}":`;
    if (typeof slot === 'string') text += slot;
    else if (field.isRepeated) text += writeList(field, slot as (string | Slots)[]);
    else text += writeMessage(field.message!, slot as Slots);
  }
  return `{${text}}`;
}

function writeList(field: TableField, values: readonly (string | Slots)[]): string {
  let text = '';
  for (const value of values) {
    if (text !== '') text += ',';
    text += typeof value === 'string' ? value : writeMessage(field.message!, value);
  }
  return `[${text}]`;
}
