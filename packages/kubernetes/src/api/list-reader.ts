/**
 * Reads a list while it arrives: of a hundred thousand pods one is held at a time.
 *
 *     answer   := envelope (envelope.ts) whose `raw` is the list
 *     PodList  := 1: ListMeta, 2: Pod, 2: Pod …        the same for every kind
 *     ListMeta := 2: string resourceVersion, 3: string continue
 */
import { FieldReader, MalformedError, varintValue } from '../wire/field-reader.ts';
import { MAGIC, readKind, startsWithMagic, UNKNOWN } from './envelope.ts';
import { Inflow } from './inflow.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';

const LIST = { meta: 1, items: 2 } as const;
const LIST_META = { resourceVersion: 2, continue: 3 } as const;
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
/** A tag and a length: five bytes of each, as protobuf's own libraries read them. */
const MAX_HEADER_BYTES = 10;

type Place = 'magic' | 'envelope' | 'list';

/** One answer to a list request. */
export class ListReader {
  /** The version that the list stands for; known at its end. */
  resourceVersion = '';
  /** The token of the next page; empty on the last one. */
  continueToken = '';
  /** How many items have been handed on. */
  items = 0;
  readonly #kind: string;
  readonly #item: (object: Buffer) => void;
  readonly #inflow = new Inflow();
  readonly #meta = new FieldReader();
  #place: Place = 'magic';
  /** How much of the list is still to come. */
  #left = 0;
  #skip = 0;
  #hasKind = false;
  #hasList = false;
  /** The header of the field that comes next. */
  #field = 0;
  #headerLength = 0;
  #valueLength = 0;
  #isDelimited = false;

  /** `kind` is what the list must be (`PodList`); `item` gets each object's message, valid during the call. */
  constructor(kind: string, item: (object: Buffer) => void) {
    this.#kind = kind;
    this.#item = item;
  }

  /** Takes in what has arrived. Throws a MalformedError. */
  push(chunk: Uint8Array): void {
    this.#inflow.append(chunk);
    while (this.#step());
  }

  /** The answer has ended. Throws a MalformedError if it is not whole. */
  finish(): void {
    if (this.#place !== 'envelope' || this.#inflow.length > 0 || this.#skip > 0 || !this.#hasList) {
      throw new MalformedError('the list ends before its end');
    }
  }

  /** Reads one thing; false if it has not arrived in whole. */
  #step(): boolean {
    if (this.#skip > 0) return this.#skipSome();
    if (this.#place === 'magic') return this.#readMagic();
    if (this.#place === 'list' && this.#left === 0) this.#place = 'envelope';
    if (!this.#readHeader()) return false;
    return this.#place === 'list' ? this.#readListField() : this.#readEnvelopeField();
  }

  #skipSome(): boolean {
    const count = Math.min(this.#skip, this.#inflow.length);
    this.#inflow.consume(count);
    this.#skip -= count;
    return count > 0;
  }

  #readMagic(): boolean {
    const { bytes, start, end } = this.#inflow;
    if (this.#inflow.length < MAGIC.length) return false;
    if (!startsWithMagic(bytes, start, end)) throw new MalformedError('the list does not begin with "k8s"');
    this.#inflow.consume(MAGIC.length);
    this.#place = 'envelope';
    return true;
  }

  #readEnvelopeField(): boolean {
    if (this.#field === UNKNOWN.raw && this.#isDelimited) {
      if (!this.#hasKind) throw new MalformedError('the answer does not say what it is');
      this.#inflow.consume(this.#headerLength);
      this.#left = this.#valueLength;
      this.#hasList = true;
      this.#place = 'list';
      return true;
    }
    if (this.#field !== UNKNOWN.typeMeta || !this.#isDelimited) return this.#skipField();
    const from = this.#wholeField();
    if (from === undefined) return false;
    const kind = readKind(this.#inflow.bytes, from, from + this.#valueLength);
    if (kind !== this.#kind) throw new MalformedError(`the answer is a ${kind}, not a ${this.#kind}`);
    this.#hasKind = true;
    this.#inflow.consume(this.#headerLength + this.#valueLength);
    return true;
  }

  #readListField(): boolean {
    const length = this.#headerLength + this.#valueLength;
    if (length > this.#left) throw new MalformedError('an item goes beyond its list');
    const isKnown = this.#field === LIST.items || this.#field === LIST.meta;
    if (isKnown && this.#isDelimited) {
      const from = this.#wholeField();
      if (from === undefined) return false;
      this.#left -= length;
      const to = from + this.#valueLength;
      if (this.#field === LIST.items) {
        this.items += 1;
        this.#item(this.#inflow.bytes.subarray(from, to));
      } else {
        this.#readMeta(from, to);
      }
      this.#inflow.consume(length);
      return true;
    }
    this.#left -= length;
    return this.#skipField();
  }

  #readMeta(start: number, end: number): void {
    const meta = this.#meta;
    meta.begin(this.#inflow.bytes, start);
    for (let field = meta.field(end); field !== 0; field = meta.field(end)) {
      if (field === LIST_META.resourceVersion) this.resourceVersion = meta.anyText(end);
      else if (field === LIST_META.continue) this.continueToken = meta.anyText(end);
      else meta.skip(end);
    }
  }

  #skipField(): boolean {
    this.#skip = this.#headerLength + this.#valueLength;
    return true;
  }

  /** Where the present field's value begins, if all of it is there. */
  #wholeField(): number | undefined {
    if (this.#valueLength > MAX_OBJECT_BYTES) {
      throw new MalformedError(`an object has ${this.#valueLength} bytes, more than ${MAX_OBJECT_BYTES}`);
    }
    if (this.#inflow.length < this.#headerLength + this.#valueLength) return undefined;
    return this.#inflow.start + this.#headerLength;
  }

  /** Reads the tag of a field, and its length; false if they have not arrived. */
  #readHeader(): boolean {
    const { bytes, start, end } = this.#inflow;
    const tagEnd = varintEnd(bytes, start, end);
    if (tagEnd === undefined) return false;
    const tag = varintValue(bytes, start, tagEnd);
    const wireType = tag % 8;
    this.#field = Math.floor(tag / 8);
    this.#isDelimited = wireType === DELIMITED;
    this.#headerLength = tagEnd - start;
    this.#valueLength = wireType === FIXED64 ? 8 : wireType === FIXED32 ? 4 : 0;
    if (wireType === FIXED64 || wireType === FIXED32) return true;
    if (wireType !== DELIMITED && wireType !== VARINT) {
      throw new MalformedError(`field ${this.#field} of a list has the wire type ${wireType}`);
    }
    const valueEnd = varintEnd(bytes, tagEnd, end);
    if (valueEnd === undefined) return false;
    this.#headerLength = valueEnd - start;
    if (this.#isDelimited) this.#valueLength = varintValue(bytes, tagEnd, valueEnd);
    return true;
  }
}

/** The position after the varint that starts here; undefined if it has not arrived. */
function varintEnd(bytes: Buffer, start: number, end: number): number | undefined {
  const limit = Math.min(end, start + MAX_HEADER_BYTES);
  for (let at = start; at < limit; at++) if (bytes[at]! < 128) return at + 1;
  if (limit < start + MAX_HEADER_BYTES) return undefined;
  throw new MalformedError('a number is longer than ten bytes');
}
