/**
 * The growing buffer into which the writers build protobuf. It is reused: what was built is copied out, the buffer stays.
 * Offsets stay good when it grows, `bytes` and `view` do not: read them anew after anything that writes.
 *
 * A nested message whose length is not known beforehand is opened with room for its length and closed with the length;
 * only where the guess was wrong is its body moved.
 */
import { PermanentError } from '../../errors.ts';
import { utf8Size } from '../utf8.ts';
import { varintSize, WIRE, writeVarint, writeVarint64 } from '../wire.ts';

/** The most that one writer holds before `finish`, in bytes: what receivers accept by default as one request. */
export const MAX_WRITER_BYTES = 64 * 1024 * 1024;

const INITIAL_BYTES = 16 * 1024;

/** A buffer above this size is given back after `finish`, so that one large batch does not cost its memory for ever. */
const KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Strings up to this many characters are copied by a loop, longer ones by Node's native writer, whose call costs as much
 * as some fifteen characters (bench/micro/writers.ts).
 */
const LOOP_CHARACTERS = 16;

const TWO_32 = 0x1_0000_0000;

/** See the head of this file. */
export class WireOutput {
  bytes: Buffer;
  view: DataView;
  /** How many bytes are written; may be set back to drop the last ones. */
  length = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number = MAX_WRITER_BYTES, initialBytes: number = INITIAL_BYTES) {
    this.#maxBytes = maxBytes;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(initialBytes, maxBytes));
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Makes room for `count` more bytes.
   *
   * @throws PermanentError OTLP_TOO_LARGE when they do not fit the maximum; strings ask for three bytes a character.
   */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  /** Empties the buffer for the next use. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.#allocate(INITIAL_BYTES);
  }

  /** Writes an unsigned varint below 2^32. */
  varint(value: number): void {
    this.reserve(5);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  /** Writes the varint of a 64-bit integer, two's complement where it is negative. */
  varintBigInt(value: bigint): void {
    this.reserve(10);
    const low = Number(value & 0xffff_ffffn);
    const high = Number((value >> 32n) & 0xffff_ffffn);
    this.length = writeVarint64(this.bytes, this.length, low, high);
  }

  /** Writes the tag of a field. Field numbers below 2,048 are all that OTLP has. */
  tag(field: number, wireType: number): void {
    this.reserve(2);
    this.#tag(field, wireType);
  }

  /** Writes a varint field below 2^32; nothing for zero, which is what an absent field reads as. */
  varintField(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(7);
    this.#tag(field, WIRE.varint);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  /** Writes an int32 or enum field; nothing for zero. Negative values take ten bytes, as protobuf has it. */
  int32Field(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(12);
    this.#tag(field, WIRE.varint);
    this.length = writeVarint64(this.bytes, this.length, value, value < 0 ? 0xffff_ffff : 0);
  }

  /** Writes a `fixed32` field; nothing for zero. */
  fixed32Field(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(6);
    this.#tag(field, WIRE.fixed32);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Writes a `fixed64` or `sfixed64` field, whatever its value. */
  fixed64Field(field: number, value: bigint): void {
    this.reserve(10);
    this.#tag(field, WIRE.fixed64);
    this.view.setBigInt64(this.length, value, true);
    this.length += 8;
  }

  /** Writes a `fixed64` or `sfixed64` field, whatever its value. A number must be a safe integer. */
  integer64Field(field: number, value: number | bigint): void {
    this.reserve(10);
    this.#tag(field, WIRE.fixed64);
    this.integer64(value);
  }

  /** Writes eight bytes of an integer, without a tag. A number must be a safe integer. */
  integer64(value: number | bigint): void {
    this.reserve(8);
    if (typeof value === 'bigint') {
      this.view.setBigInt64(this.length, value, true);
    } else {
      this.view.setUint32(this.length, value, true);
      this.view.setUint32(this.length + 4, Math.floor(value / TWO_32), true);
    }
    this.length += 8;
  }

  /** Writes eight bytes of a double, without a tag. */
  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Writes a `fixed64` field from two unsigned halves, making no bigint. */
  fixed64HalvesField(field: number, low: number, high: number): void {
    this.reserve(10);
    this.#tag(field, WIRE.fixed64);
    this.view.setUint32(this.length, low, true);
    this.view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  /** Writes a `double` field, whatever its value. */
  doubleField(field: number, value: number): void {
    this.reserve(10);
    this.#tag(field, WIRE.fixed64);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Writes a string field; nothing for the empty string. */
  stringField(field: number, value: string): void {
    if (value.length === 0) return;
    this.reserve(2);
    this.#tag(field, WIRE.delimited);
    this.string(value);
  }

  /** Writes a bytes field; nothing for empty bytes. */
  bytesField(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.reserve(7 + value.length);
    this.#tag(field, WIRE.delimited);
    this.length = writeVarint(this.bytes, this.length, value.length);
    this.raw(value);
  }

  /** Writes bytes as they are. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /**
   * Writes the length of a string in UTF-8, and the string. Lone surrogates become U+FFFD, so what is written is always
   * valid UTF-8.
   */
  string(value: string): void {
    this.reserve(5 + 3 * value.length);
    const start = this.length;
    this.length = writeVarint(this.bytes, start, value.length);
    if (this.ascii(value)) return;
    this.length = writeVarint(this.bytes, start, utf8Size(value));
    this.length += this.bytes.write(value, this.length);
  }

  /**
   * Writes a string that is all ASCII, and tells whether it was; if not, nothing is written. There must be room for three
   * bytes a character.
   */
  ascii(value: string): boolean {
    const count = value.length;
    const at = this.length;
    if (count > LOOP_CHARACTERS) {
      if (this.bytes.write(value, at) !== count) return false;
    } else {
      const bytes = this.bytes;
      let union = 0;
      for (let index = 0; index < count; index++) {
        const code = value.charCodeAt(index);
        union |= code;
        bytes[at + index] = code;
      }
      if (union > 127) return false;
    }
    this.length = at + count;
    return true;
  }

  /**
   * Begins a nested message with its tag and room for its length.
   *
   * @param lengthBytes how many bytes the length will most likely take (1 below 128 bytes, 2 below 16 KiB …)
   * @returns where the body starts: `close` wants it
   */
  open(field: number, lengthBytes: number): number {
    this.reserve(2 + lengthBytes);
    this.#tag(field, WIRE.delimited);
    this.length += lengthBytes;
    return this.length;
  }

  /** Ends the message that `open` began, with the same `lengthBytes`. */
  close(start: number, lengthBytes: number): void {
    const bodyLength = this.length - start;
    const needed = varintSize(bodyLength);
    if (needed !== lengthBytes) {
      if (needed > lengthBytes) this.reserve(needed - lengthBytes);
      this.bytes.copyWithin(start + needed - lengthBytes, start, this.length);
      this.length += needed - lengthBytes;
    }
    writeVarint(this.bytes, start - lengthBytes, bodyLength);
  }

  #tag(field: number, wireType: number): void {
    if (field < 16) this.bytes[this.length++] = (field << 3) | wireType;
    else {
      this.bytes[this.length++] = ((field << 3) & 127) | wireType | 128;
      this.bytes[this.length++] = field >>> 4;
    }
  }

  #grow(count: number): void {
    const needed = this.length + count;
    if (needed > this.#maxBytes) {
      throw new PermanentError(
        'OTLP_TOO_LARGE',
        `OTLP writer: the batch is larger than one may be (${needed} of at most ${this.#maxBytes} bytes). ` +
          'Finish batches earlier.',
      );
    }
    this.#allocate(Math.min(Math.max(this.bytes.length * 2, needed), this.#maxBytes));
  }

  #allocate(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
