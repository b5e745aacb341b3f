import type { AnyValue, DoubleValue } from '../any-value.ts';
import { anyValueSize, writeAnyValue } from '../any-value-write.ts';
import { copyRange, type Memory } from '../memory.ts';
import { utf8Size } from '../utf8.ts';
import { readVarint32, skipVarint, varint64Size, varintSize, writeVarint, writeVarint64 } from '../wire.ts';
import type { EncodedAttribute, EncodedKey } from './encoded-key.ts';
import type { WireOutput } from './output.ts';

/** Attributes by key; undefined ones are left out. */
export type AttributesInput = Readonly<Record<string, AnyValue | DoubleValue | undefined>>;

const TWO_32 = 0x1_0000_0000;

/** The most bytes around an attribute's key and value: tags and lengths. */
const OVERHEAD = 24;

/**
 * The part of a writer that writes attributes, key by key, into the message that is open.
 *
 *     attribute := tag  length  0x0a length key  0x12 length AnyValue
 *     AnyValue  := 0x0a length string | 0x10 bool | 0x18 varint | 0x21 double | 0x3a length bytes | …
 */
export abstract class AttributeWriter {
  protected readonly out: WireOutput;
  /** The tag of the attributes in the message that is open; 0 while none is. */
  protected attributeTag = 0;

  constructor(out: WireOutput) {
    this.out = out;
  }

  /** Writes a string attribute. Lone surrogates become U+FFFD. */
  attributeString(key: EncodedKey, value: string): void {
    const out = this.#ready(key.field.room + 3 * value.length);
    const start = out.length;
    this.#stringHeader(key, value.length);
    if (out.ascii(value)) return;
    out.length = start;
    this.#stringHeader(key, utf8Size(value));
    out.length += out.bytes.write(value, out.length);
  }

  /**
   * Writes an integer attribute.
   *
   * @throws RangeError for a number that is not a safe integer
   */
  attributeInt(key: EncodedKey, value: number): void {
    const low = value >>> 0;
    if (low === value) {
      this.attributeIntHalves(key, low, 0);
      return;
    }
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`attributeInt: "${key.key}" is no safe integer (${value}). Use attributeValue.`);
    }
    this.attributeIntHalves(key, low, Math.floor(value / TWO_32) >>> 0);
  }

  /** Writes an integer attribute from the two unsigned halves of its two's complement, making no bigint. */
  attributeIntHalves(key: EncodedKey, low: number, high: number): void {
    const out = this.#ready(key.field.room);
    const at = this.#header(key, 1 + varint64Size(low, high));
    out.bytes[at] = 0x18;
    out.length = writeVarint64(out.bytes, at + 1, low, high);
  }

  /** Writes a double attribute, whether or not the value is integral. */
  attributeDouble(key: EncodedKey, value: number): void {
    const out = this.#ready(key.field.room);
    const at = this.#header(key, 9);
    out.bytes[at] = 0x21;
    out.view.setFloat64(at + 1, value, true);
    out.length = at + 9;
  }

  attributeBool(key: EncodedKey, value: boolean): void {
    const out = this.#ready(key.field.room);
    const at = this.#header(key, 2);
    out.bytes[at] = 0x10;
    out.bytes[at + 1] = value ? 1 : 0;
    out.length = at + 2;
  }

  /**
   * Writes an attribute with any value.
   *
   * @throws PermanentError OTLP_UNWRITABLE for an integer beyond 64 bits or a value that nests too deep.
   */
  attributeValue(key: EncodedKey, value: AnyValue | DoubleValue): void {
    const valueSize = anyValueSize(value);
    const out = this.#ready(key.field.room + valueSize);
    const at = this.#header(key, valueSize);
    out.length = writeAnyValue(out.bytes, at, value);
  }

  /** Writes an attribute that was encoded beforehand. */
  attributeEncoded(attribute: EncodedAttribute): void {
    const out = this.#ready(attribute.body.room);
    out.bytes[out.length] = this.attributeTag;
    out.length = attribute.body.copyTo(out.view, out.length + 1);
  }

  /** Writes attributes that are fields of the message that is open, tags included, as `EncodedAttributes.fieldsOf` gives them. */
  attributeFields(fields: Memory): void {
    const size = fields.bytes.length;
    const out = this.#ready(size);
    copyRange(fields, 0, out, out.length, size);
    out.length += size;
  }

  /**
   * Writes attributes that stand one after the other as fields of another message, as `LogRecordReader.copyAttribute` gives
   * them; each has a tag of one byte, which becomes that of the message that is open.
   */
  attributesCopied(fields: Memory): void {
    const size = fields.bytes.length;
    const out = this.#ready(size);
    const end = out.length + size;
    copyRange(fields, 0, out, out.length, size);
    while (out.length < end) {
      out.bytes[out.length++] = this.attributeTag;
      out.length = skipVarint(out.bytes, out.length) + readVarint32(out.bytes, out.length);
    }
  }

  /** Writes attributes by their keys, in the order of the object's keys. */
  attributes(attributes: AttributesInput): void {
    writeAttributes(this.fields, this.attributeTag, attributes);
  }

  /** The output, for a field of the message that is open. */
  protected get fields(): WireOutput {
    if (this.attributeTag === 0) throw new Error('OTLP writer: no record is open. Begin one first.');
    return this.out;
  }

  #ready(room: number): WireOutput {
    const out = this.fields;
    out.reserve(room + OVERHEAD);
    return out;
  }

  /** Writes all before the characters of a string value of `size` bytes. */
  #stringHeader(key: EncodedKey, size: number): void {
    const at = this.#header(key, 1 + varintSize(size) + size);
    this.out.bytes[at] = 0x0a;
    this.out.length = writeVarint(this.out.bytes, at + 1, size);
  }

  /** Writes all before the body of an AnyValue of `valueSize` bytes; returns the position of the body. */
  #header(key: EncodedKey, valueSize: number): number {
    const out = this.out;
    const bytes = out.bytes;
    bytes[out.length] = this.attributeTag;
    let at = writeVarint(bytes, out.length + 1, key.field.size + 1 + varintSize(valueSize) + valueSize);
    at = key.field.copyTo(out.view, at);
    bytes[at] = 0x12;
    return writeVarint(bytes, at + 1, valueSize);
  }
}

/** Writes attributes as fields with the tag, of one byte. */
export function writeAttributes(out: WireOutput, tag: number, attributes: AttributesInput): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    const keySize = utf8Size(key);
    const valueSize = anyValueSize(value);
    const size = 2 + varintSize(keySize) + keySize + varintSize(valueSize) + valueSize;
    out.reserve(size + OVERHEAD + 2 * key.length);
    out.bytes[out.length] = tag;
    out.length = writeVarint(out.bytes, out.length + 1, size);
    out.bytes[out.length++] = 0x0a;
    out.string(key);
    out.bytes[out.length] = 0x12;
    out.length = writeVarint(out.bytes, out.length + 1, valueSize);
    out.length = writeAnyValue(out.bytes, out.length, value);
  }
}

/** Writes an AnyValue as a field of its own. */
export function writeValueField(out: WireOutput, field: number, value: AnyValue | DoubleValue): void {
  const size = anyValueSize(value);
  out.reserve(size + OVERHEAD);
  out.tag(field, 2);
  out.varint(size);
  out.length = writeAnyValue(out.bytes, out.length, value);
}
