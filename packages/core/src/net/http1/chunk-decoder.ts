import { HEAD_END, parseFields } from './head.ts';

/** The longest line that says how long a chunk is, extensions included, and the longest trailer. */
const MAX_LINE_BYTES = 256;
const MAX_TRAILER_BYTES = 8 * 1024;
/** Of a whole body, as node:http: who sends content has no need of more. */
const MAX_EXTENSION_BYTES = 16 * 1024;

/** Size in hexadecimal digits (eleven are a terabyte) and extensions, which mean nothing to us. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,11})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const LINE_END = Buffer.from('\r\n');

/** Takes the content out of a body that comes in chunks (RFC 9112, section 7.1). */
export class ChunkDecoder {
  readonly #take: (part: Buffer) => void;
  /** Bytes of the present chunk that have not come yet. */
  #left = 0;
  #extensionBytes = 0;
  #state: 'size' | 'data' | 'data-end' | 'trailer' | 'whole' = 'size';

  /** `take` is given the content, part by part. */
  constructor(take: (part: Buffer) => void) {
    this.#take = take;
  }

  /** Bytes that are announced and have not come. */
  get left(): number {
    return this.#left;
  }

  /** True when the last chunk and the trailer have come. */
  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  /** Takes what it can of `bytes`; returns how much that is. The rest must be there again with what comes next. */
  push(bytes: Buffer): number | 'malformed' {
    let at = 0;
    for (;;) {
      const used = this.#step(bytes, at);
      if (used === 'malformed') return used;
      if (used === 0) return at;
      at += used;
    }
  }

  /** One part; 0 if more must come first, or none will. */
  #step(bytes: Buffer, at: number): number | 'malformed' {
    switch (this.#state) {
      case 'size':
        return this.#readSize(bytes, at);
      case 'data':
        return this.#readData(bytes, at);
      case 'data-end':
        return this.#readDataEnd(bytes, at);
      case 'trailer':
        return this.#readTrailer(bytes, at);
      case 'whole':
        return 0;
    }
  }

  #readSize(bytes: Buffer, at: number): number | 'malformed' {
    const end = bytes.indexOf(LINE_END, at);
    if ((end < 0 ? bytes.length : end) - at > MAX_LINE_BYTES) return 'malformed';
    if (end < 0) return 0;
    const match = SIZE_LINE.exec(bytes.toString('latin1', at, end));
    if (match === null) return 'malformed';
    this.#extensionBytes += end - at - (match[1] as string).length;
    if (this.#extensionBytes > MAX_EXTENSION_BYTES) return 'malformed';
    this.#left = Number.parseInt(match[1] as string, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return end + LINE_END.length - at;
  }

  #readData(bytes: Buffer, at: number): number {
    const take = Math.min(this.#left, bytes.length - at);
    if (take === 0) return 0;
    this.#left -= take;
    if (this.#left === 0) this.#state = 'data-end';
    this.#take(bytes.subarray(at, at + take));
    return take;
  }

  #readDataEnd(bytes: Buffer, at: number): number | 'malformed' {
    if (bytes.length - at < LINE_END.length) return 0;
    if (bytes[at] !== LINE_END[0] || bytes[at + 1] !== LINE_END[1]) return 'malformed';
    this.#state = 'size';
    return LINE_END.length;
  }

  /** Its fields are read over, and must be well-formed. It ends with an empty line, and may be that alone. */
  #readTrailer(bytes: Buffer, at: number): number | 'malformed' {
    if (bytes.length - at < LINE_END.length) return 0;
    if (bytes[at] === LINE_END[0] && bytes[at + 1] === LINE_END[1]) {
      this.#state = 'whole';
      return LINE_END.length;
    }
    const end = bytes.indexOf(HEAD_END, at);
    if ((end < 0 ? bytes.length : end) - at > MAX_TRAILER_BYTES) return 'malformed';
    if (end < 0) return 0;
    if (parseFields(['', ...bytes.toString('latin1', at, end).split('\r\n')]) === undefined)
      return 'malformed';
    this.#state = 'whole';
    return end + HEAD_END.length - at;
  }
}
