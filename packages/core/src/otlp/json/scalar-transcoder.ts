/** Reads one JSON value as each of protobuf's scalar types, and writes it as a field. The rules stand in json-to-proto.ts. */
import { copyBytes, varintSize, WIRE, writeFixed32, writeVarint, writeVarint64, zigzag32 } from '../wire.ts';
import type { WireOutput } from '../writers/output.ts';
import { decodeBase64, decodeHex } from './binary.ts';
import { JsonInteger, scanNumber } from './integer.ts';
import type { TableField } from './message-table.ts';
import { type JsonScanner, QUOTE } from './scanner.ts';

const SPECIAL_DOUBLES: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Other lengths of ids are refused, as the edge check refuses them. */
const ID_BYTES: Readonly<Partial<Record<TableField['type'], number>>> = { traceId: 16, spanId: 8 };

const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** What is expected of each type, in words. */
const EXPECTED: Readonly<Record<TableField['type'], string>> = {
  string: 'a string',
  bool: 'true or false',
  double: 'a number',
  bytes: 'a string in base64',
  traceId: 'a trace id of 32 hexadecimal digits',
  spanId: 'a span id of 16 hexadecimal digits',
  enum: 'an integer, not the name of an enum value',
  int32: 'an integer',
  uint32: 'an integer from 0 to 4294967295',
  sint32: 'an integer from -2147483648 to 2147483647',
  fixed32: 'an integer from 0 to 4294967295',
  int64: 'a 64-bit integer, as a number or a string',
  uint64: 'an unsigned 64-bit integer, as a number or a string',
  fixed64: 'an unsigned 64-bit integer, as a number or a string',
  sfixed64: 'a 64-bit integer, as a number or a string',
  message: 'an object',
};

/** See the head of this file. */
export class ScalarTranscoder {
  readonly #json: JsonScanner;
  readonly #out: WireOutput;
  readonly #integer = new JsonInteger();

  constructor(json: JsonScanner, out: WireOutput) {
    this.#json = json;
    this.#out = out;
  }

  /** Writes the value that is next as a field; nothing where it is a default that need not be written. */
  write(field: TableField): void {
    const out = this.#out;
    const { number, type } = field;
    switch (type) {
      case 'string':
        this.#string(field);
        return;
      case 'bytes':
      case 'traceId':
      case 'spanId':
        this.#binary(field);
        return;
      case 'bool':
        this.#bool(field);
        return;
      case 'double': {
        const value = this.#double();
        if (field.hasPresence || !Object.is(value, 0)) out.doubleField(number, value);
        return;
      }
      default:
        this.#scanInteger(type);
        if (field.hasPresence || this.#integer.low !== 0 || this.#integer.high !== 0) {
          out.tag(number, isFixed64(type) ? WIRE.fixed64 : type === 'fixed32' ? WIRE.fixed32 : WIRE.varint);
          this.#writeInteger(type);
        }
    }
  }

  /** Writes the value that is next as an element of a packed field. */
  writePacked(type: TableField['type']): void {
    if (type === 'double') {
      const value = this.#double();
      this.#out.reserve(8);
      this.#out.length = this.#out.bytes.writeDoubleLE(value, this.#out.length);
    } else {
      this.#scanInteger(type);
      this.#writeInteger(type);
    }
  }

  #string(field: TableField): void {
    const json = this.#json;
    const out = this.#out;
    if (json.peek() !== QUOTE) throw json.typeError(EXPECTED.string, json.at);
    json.scanString();
    const length = json.tokenEnd - json.tokenStart;
    if (length === 0 && !field.hasPresence && !field.isRepeated) return;
    if (json.isEscaped) {
      const lengthBytes = varintSize(length);
      const start = out.open(field.number, lengthBytes);
      out.reserve(length);
      out.length = json.unescape(out.bytes, start);
      out.close(start, lengthBytes);
    } else {
      out.tag(field.number, WIRE.delimited);
      out.varint(length);
      out.reserve(length);
      out.length = copyBytes(json.bytes, json.tokenStart, json.tokenEnd, out.bytes, out.length);
    }
  }

  #binary(field: TableField): void {
    const json = this.#json;
    const out = this.#out;
    const startOfValue = json.at;
    if (json.peek() !== QUOTE) throw json.typeError(EXPECTED[field.type], startOfValue);
    json.scanString();
    if (json.tokenEnd === json.tokenStart && !field.hasPresence) return;
    let source = json.bytes;
    let from = json.tokenStart;
    let to = json.tokenEnd;
    if (json.isEscaped) {
      source = Buffer.from(json.tokenText());
      from = 0;
      to = source.length;
    }
    const lengthBytes = varintSize(to - from);
    const start = out.open(field.number, lengthBytes);
    out.reserve(to - from);
    const decode = field.type === 'bytes' ? decodeBase64 : decodeHex;
    out.length = decode(source, from, to, out.bytes, start);
    const idBytes = ID_BYTES[field.type];
    if (out.length < 0 || (idBytes !== undefined && out.length - start !== idBytes))
      throw json.typeError(EXPECTED[field.type], startOfValue);
    out.close(start, lengthBytes);
  }

  #bool(field: TableField): void {
    const json = this.#json;
    const value = json.takeWord('true');
    if (!value && !json.takeWord('false')) throw json.typeError(EXPECTED.bool, json.at);
    if (!value && !field.hasPresence) return;
    this.#out.tag(field.number, WIRE.varint);
    this.#out.varint(value ? 1 : 0);
  }

  /** Reads a double: a number, or a string that holds one or names what JSON numbers cannot be. */
  #double(): number {
    const json = this.#json;
    const start = json.at;
    const byte = json.peek();
    let text: string;
    if (byte === QUOTE) {
      json.scanString();
      text = json.tokenText();
      const special = SPECIAL_DOUBLES.get(text);
      if (special !== undefined) return special;
      if (!isNumber(Buffer.from(text))) throw json.typeError(EXPECTED.double, start);
    } else {
      this.#scanNumber('double');
      text = json.bytes.toString('latin1', json.tokenStart, json.tokenEnd);
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw json.typeError('a number that fits a double', start);
    return value;
  }

  /** Reads the number that is next; what is no number has the wrong type. */
  #scanNumber(type: TableField['type']): void {
    const json = this.#json;
    const byte = json.bytes[json.at] ?? 0;
    if (byte !== MINUS && (byte < DIGIT_0 || byte > DIGIT_9)) throw json.typeError(EXPECTED[type], json.at);
    json.scanNumber();
  }

  /** Reads an integer of the type; its value is left in `#integer`, as two's complement. */
  #scanInteger(type: TableField['type']): void {
    const json = this.#json;
    const integer = this.#integer;
    const start = json.at;
    let source = json.bytes;
    if (json.peek() === QUOTE && type !== 'enum') {
      json.scanString();
      if (json.isEscaped) source = Buffer.from(json.tokenText());
      const from = json.isEscaped ? 0 : json.tokenStart;
      const to = json.isEscaped ? source.length : json.tokenEnd;
      if (scanNumber(source, from, to) !== to || !integer.read(source, from, to)) {
        throw json.typeError(EXPECTED[type], start);
      }
    } else {
      this.#scanNumber(type);
      if (!integer.read(source, json.tokenStart, json.tokenEnd)) throw json.typeError(EXPECTED[type], start);
    }
    if (!fits(integer, type)) throw json.typeError(EXPECTED[type], start);
    integer.complement();
  }

  /** Writes the integer last read, without a tag. */
  #writeInteger(type: TableField['type']): void {
    const out = this.#out;
    const { low, high } = this.#integer;
    out.reserve(10);
    if (isFixed64(type)) {
      out.length = writeFixed32(out.bytes, writeFixed32(out.bytes, out.length, low), high);
    } else if (type === 'fixed32') {
      out.length = writeFixed32(out.bytes, out.length, low);
    } else if (type === 'sint32') {
      out.length = writeVarint(out.bytes, out.length, zigzag32(low | 0));
    } else {
      out.length = writeVarint64(out.bytes, out.length, low, high);
    }
  }
}

function isFixed64(type: TableField['type']): boolean {
  return type === 'fixed64' || type === 'sfixed64';
}

/** Whether an integer is within the range of a type. */
function fits(integer: JsonInteger, type: TableField['type']): boolean {
  switch (type) {
    case 'int64':
    case 'sfixed64':
      return integer.fitsInt64;
    case 'uint64':
    case 'fixed64':
      return integer.fitsUint64;
    case 'uint32':
    case 'fixed32':
      return integer.fitsUint64 && integer.high === 0;
    default:
      return integer.toNumber() >= -0x8000_0000 && integer.toNumber() <= 0x7fff_ffff;
  }
}

function isNumber(text: Buffer): boolean {
  return scanNumber(text, 0, text.length) === text.length;
}
