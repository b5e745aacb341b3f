/**
 * OTLP/JSON to protobuf, in one pass over the bytes: no JavaScript value is made of what is only copied.
 *
 * The rules are those of the specification (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), and of
 * protobuf's JSON mapping (https://protobuf.dev/programming-guides/json) where it is silent:
 * - keys are lowerCamelCase; unknown ones are ignored, which `snake_case` ones are; `null` is as good as absent;
 * - trace ids and span ids are hexadecimal, other bytes base64 in either alphabet, padded or not;
 * - enums are integers; 64-bit integers are numbers or decimal strings; doubles are numbers, strings of numbers, "NaN",
 *   "Infinity" or "-Infinity". An integer may have a fraction or an exponent as long as it is integral (`1e3`);
 * - a key that stands twice in an object, or two members of a oneof, are refused, as protobuf's own readers do;
 * - a lone surrogate in a string becomes U+FFFD: SDKs that cut long strings send them, and protobuf cannot hold them.
 */
import { isUtf8 } from 'node:buffer';
import type { Signal } from '../../component/signal.ts';
import { PermanentError } from '../../errors.ts';
import { MAX_MESSAGE_DEPTH } from '../check.ts';
import { findInvalidUtf8 } from '../utf8.ts';
import { asBuffer } from '../wire.ts';
import { WireOutput } from '../writers/output.ts';
import { type MessageTable, REQUEST_TABLES, type TableField } from './message-table.ts';
import { ScalarTranscoder } from './scalar-transcoder.ts';
import { CLOSE_ARRAY, CLOSE_OBJECT, COLON, JsonScanner, OPEN_ARRAY, OPEN_OBJECT } from './scanner.ts';

/** Protobuf is larger than JSON only for numbers of one digit in packed arrays: two bytes become eight. */
const GROWTH = 4;

/**
 * Turns an export request in OTLP/JSON into protobuf. What comes out is valid: it needs no check.
 *
 * @throws PermanentError OTLP_MALFORMED that names the byte where the text is not JSON, or the path of the value that has
 *   another type than OTLP has there.
 */
export function jsonToProto(signal: Signal, bytes: Uint8Array): Uint8Array {
  const text = asBuffer(bytes);
  if (!isUtf8(text)) {
    const at = findInvalidUtf8(text, 0, text.length);
    throw new PermanentError(
      'OTLP_MALFORMED',
      `OTLP/JSON ${signal} request: byte ${at}: expected UTF-8. Send valid JSON.`,
    );
  }
  return new JsonToProto(text, `OTLP/JSON ${signal} request`).request(REQUEST_TABLES[signal]);
}

class JsonToProto {
  readonly #json: JsonScanner;
  readonly #out: WireOutput;
  readonly #scalars: ScalarTranscoder;

  constructor(text: Buffer, what: string) {
    this.#json = new JsonScanner(text, what, MAX_MESSAGE_DEPTH + 1);
    this.#out = new WireOutput(text.length * GROWTH + 64, text.length);
    this.#scalars = new ScalarTranscoder(this.#json, this.#out);
  }

  request(table: MessageTable): Uint8Array {
    this.#json.peek();
    this.#message(table);
    if (this.#json.peek() !== -1) throw this.#json.syntaxError('the end of the request');
    return new Uint8Array(this.#out.bytes.subarray(0, this.#out.length));
  }

  #message(table: MessageTable): void {
    const json = this.#json;
    if (json.peek() !== OPEN_OBJECT) throw json.typeError('an object', json.at);
    json.enter();
    let seen = 0;
    let chosen = '';
    for (let isFirst = true; json.next(CLOSE_OBJECT, isFirst); isFirst = false) {
      json.scanString();
      const field = json.isEscaped
        ? table.fieldByName(json.tokenText())
        : table.fieldByKey(json.bytes, json.tokenStart, json.tokenEnd);
      json.expect(COLON);
      if (field === undefined) {
        json.skipValue();
        continue;
      }
      json.pushPath(field.name);
      json.peek();
      if (!json.takeWord('null')) {
        if ((seen & (1 << field.index)) !== 0)
          throw json.error(`this key stands twice (again at byte ${json.at})`);
        seen |= 1 << field.index;
        if (field.inOneof) {
          if (chosen !== '')
            throw json.error(`only one of "${chosen}" and "${field.name}" may be set (at byte ${json.at})`);
          chosen = field.name;
        }
        if (field.isRepeated) this.#array(field);
        else this.#value(field);
      }
      json.popPath();
    }
    json.leave();
  }

  #array(field: TableField): void {
    const json = this.#json;
    if (json.peek() !== OPEN_ARRAY) throw json.typeError('an array', json.at);
    json.at++;
    const isPacked = field.type === 'double' || field.type === 'fixed64' || field.type === 'uint64';
    const before = this.#out.length;
    const start = isPacked ? this.#out.open(field.number, 1) : before;
    json.pushPath(0);
    for (let index = 0; json.next(CLOSE_ARRAY, index === 0); index++) {
      json.replacePath(index);
      json.peek();
      if (isPacked) this.#scalars.writePacked(field.type);
      else this.#value(field);
    }
    json.popPath();
    if (!isPacked) return;
    if (this.#out.length > start) this.#out.close(start, 1);
    else this.#out.length = before;
  }

  #value(field: TableField): void {
    const table = field.message;
    if (table === undefined) {
      this.#scalars.write(field);
      return;
    }
    const start = this.#out.open(field.number, table.lengthBytes);
    this.#message(table);
    this.#out.close(start, table.lengthBytes);
  }
}
