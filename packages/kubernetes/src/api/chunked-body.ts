/**
 * The body of an answer of HTTP/1.1 that comes in chunks (RFC 9112, section 7.1):
 *
 *     body    := chunk … last trailer … CRLF
 *     chunk   := size in hexadecimal [";" extension] CRLF, bytes, CRLF
 *     last    := "0" [";" extension] CRLF
 *     trailer := field CRLF
 */
import { MalformedError } from '../wire/field-reader.ts';

const LF = 0x0a;
const CR = 0x0d;

/** No size, with its extension, is longer, and no trailer. */
const MAX_LINE_BYTES = 4096;
/** 2^52 - 1: what is exact with a digit more. */
const MAX_SIZE_DIGITS = 13;

/** Finds the bytes of a body while it arrives. */
export class ChunkedBody {
  /** What of the body comes next. */
  #next: 'size' | 'bytes' | 'chunk end' | 'trailer' | 'nothing' = 'size';
  /** Of the chunk that is being read. */
  #bytesLeft = 0;
  #line = '';

  get isComplete(): boolean {
    return this.#next === 'nothing';
  }

  /** Gives what has arrived of the body, range by range. Throws a MalformedError. */
  push(arrived: Buffer, take: (bytes: Buffer) => void): void {
    let at = 0;
    while (at < arrived.length && this.#next !== 'nothing') {
      if (this.#next !== 'bytes') {
        at = this.#readLine(arrived, at);
        continue;
      }
      const end = Math.min(arrived.length, at + this.#bytesLeft);
      this.#bytesLeft -= end - at;
      if (this.#bytesLeft === 0) this.#next = 'chunk end';
      take(arrived.subarray(at, end));
      at = end;
    }
  }

  #readLine(arrived: Buffer, start: number): number {
    for (let at = start; at < arrived.length; at++) {
      const byte = arrived[at]!;
      if (byte === LF) {
        this.#endLine();
        return at + 1;
      }
      if (byte === CR) continue;
      if (this.#line.length === MAX_LINE_BYTES)
        throw new MalformedError('a chunk with a line that is too long');
      this.#line += String.fromCharCode(byte);
    }
    return arrived.length;
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = '';
    if (this.#next === 'size') this.#beginChunk(line);
    else if (this.#next === 'trailer') this.#next = line === '' ? 'nothing' : 'trailer';
    else if (line !== '') throw new MalformedError('a chunk that is longer than it says');
    else this.#next = 'size';
  }

  #beginChunk(line: string): void {
    const [digits = ''] = line.split(';', 1);
    if (!/^[0-9a-f]+$/i.test(digits.trim()) || digits.length > MAX_SIZE_DIGITS) {
      throw new MalformedError('a chunk without a size');
    }
    this.#bytesLeft = Number.parseInt(digits, 16);
    this.#next = this.#bytesLeft === 0 ? 'trailer' : 'bytes';
  }
}
