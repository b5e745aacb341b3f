/** Wire bytes of attributes that are made once and written many times. */
import type { AnyValue, DoubleValue } from '../any-value.ts';
import { anyValueSize, keyValueSize, writeKeyValue } from '../any-value-write.ts';
import { varintSize, writeVarint } from '../wire.ts';

const WORD_BYTES = 8;

/**
 * Bytes that are copied eight at a time: three times as fast as `TypedArray.set` for the twenty bytes of a key
 * (bench/micro/writers.ts). A copy writes up to seven bytes more than there are, so it needs `room`.
 */
export class WordBytes {
  /** How many bytes there are. */
  readonly size: number;
  /** How many bytes a copy may write. */
  readonly room: number;
  readonly #words: BigInt64Array;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(Math.ceil(bytes.length / WORD_BYTES) * WORD_BYTES);
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    this.size = bytes.length;
    this.room = padded.length;
    this.#words = new BigInt64Array(padded.length / WORD_BYTES);
    for (let index = 0; index < this.#words.length; index++) {
      this.#words[index] = view.getBigInt64(index * WORD_BYTES, true);
    }
  }

  /** Copies the bytes; returns the position after them. */
  copyTo(view: DataView, position: number): number {
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      view.setBigInt64(position + index * WORD_BYTES, words[index]!, true);
    }
    return position + this.size;
  }
}

/** An attribute's key: field 1 of a KeyValue. */
export class EncodedKey {
  readonly key: string;
  /** The field with its tag and length. */
  readonly field: WordBytes;

  constructor(key: string) {
    const bytes = Buffer.from(key);
    const field = Buffer.alloc(1 + varintSize(bytes.length) + bytes.length);
    field[0] = 0x0a;
    field.set(bytes, writeVarint(field, 1, bytes.length));
    this.key = key;
    this.field = new WordBytes(field);
  }
}

/** A whole attribute whose value never changes, or is one of few: a KeyValue with its length. */
export class EncodedAttribute {
  readonly body: WordBytes;

  /** @throws PermanentError OTLP_UNWRITABLE for an integer beyond 64 bits or a value that nests too deep. */
  constructor(key: string, value: AnyValue | DoubleValue) {
    const encodedKey = Buffer.from(key);
    const valueSize = anyValueSize(value);
    const size = keyValueSize(encodedKey, valueSize);
    const bytes = Buffer.alloc(varintSize(size) + size);
    writeKeyValue(bytes, writeVarint(bytes, 0, size), encodedKey, value, valueSize);
    this.body = new WordBytes(bytes);
  }
}
