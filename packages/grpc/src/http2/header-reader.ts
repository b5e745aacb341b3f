/**
 * Puts header blocks together from HEADERS and CONTINUATION and reads them. A peer mostly sends the same few blocks
 * again, which mean the same as long as the dynamic table has not changed: what was made of those is kept.
 *
 *     HEADERS        [pad length 1] · [priority: stream 4, weight 1] · fragment · [padding]
 *     CONTINUATION   fragment
 */
import { HpackDecoder, HpackError } from '../hpack/decoder.ts';
import type { HeaderField } from '../hpack/header-field.ts';
import { ConnectionError, frameSizeError, protocolError } from './connection-error.ts';
import { ERROR_CODE, FLAG, readStreamId } from './protocol.ts';

/** What the fields of one block may come to, as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
export const MAX_HEADER_LIST_BYTES = 64 * 1024;
/** What a block may come to as it is sent, and in how many frames. */
export const MAX_BLOCK_BYTES = 128 * 1024;
const MAX_BLOCK_FRAMES = 64;
/** So many blocks are remembered, if they are this short. */
const MAX_KNOWN = 4;
const MAX_KNOWN_BYTES = 1024;
/** A byte may stand for a field of the table. */
const MAX_KNOWN_FIELDS = 64;

/** Makes of the fields of a block what its reader needs; `listBytes` above the limit says that some were left out. */
export type ParseHead<Head> = (fields: readonly HeaderField[], listBytes: number) => Head;

interface Known<Head> {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly head: Head;
}

/** A block that is complete. */
export interface HeaderBlock<Head> {
  readonly streamId: number;
  readonly head: Head;
  readonly endStream: boolean;
  /** It says that its stream depends on itself. */
  readonly dependsOnItself: boolean;
}

export class HeaderReader<Head> {
  readonly #decoder = new HpackDecoder(MAX_HEADER_LIST_BYTES);
  readonly #parse: ParseHead<Head>;
  readonly #known: Known<Head>[] = [];
  #nextKnown = 0;
  /** The stream whose block has begun; 0 for none. */
  #streamId = 0;
  #endStream = false;
  #dependsOnItself = false;
  #fragments: Buffer[] = NO_FRAGMENTS;
  #fragmentBytes = 0;

  constructor(parse: ParseHead<Head>) {
    this.#parse = parse;
  }

  /** Whether a block has begun and not ended: nothing but its CONTINUATION may come. */
  get isInBlock(): boolean {
    return this.#streamId !== 0;
  }

  /**
   * Takes HEADERS. Gives the block if it is complete.
   * @throws ConnectionError
   */
  begin(
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): HeaderBlock<Head> | undefined {
    let from = start;
    let to = end;
    if ((flags & FLAG.PADDED) !== 0) {
      if (from >= to) throw frameSizeError('padded HEADERS without a length of their padding');
      to -= payload[from]!;
      from += 1;
      if (to < from) throw protocolError('padding that is longer than its HEADERS');
    }
    this.#dependsOnItself = false;
    if ((flags & FLAG.PRIORITY) !== 0) {
      if (to - from < 5) throw frameSizeError('HEADERS that are too short for their priority');
      this.#dependsOnItself = readStreamId(payload, from) === streamId;
      from += 5;
    }
    this.#streamId = streamId;
    this.#endStream = (flags & FLAG.END_STREAM) !== 0;
    return this.#take(flags, payload, from, to);
  }

  /**
   * Takes a CONTINUATION. Gives the block if it is complete.
   * @throws ConnectionError
   */
  proceed(
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): HeaderBlock<Head> | undefined {
    if (streamId === 0 || streamId !== this.#streamId) {
      throw protocolError('a CONTINUATION without its HEADERS');
    }
    return this.#take(flags, payload, start, end);
  }

  #take(flags: number, payload: Buffer, start: number, end: number): HeaderBlock<Head> | undefined {
    const isLast = (flags & FLAG.END_HEADERS) !== 0;
    if (isLast && this.#fragments.length === 0) return this.#finish(payload, start, end);
    this.#fragmentBytes += end - start;
    if (this.#fragmentBytes > MAX_BLOCK_BYTES || this.#fragments.length >= MAX_BLOCK_FRAMES) {
      throw new ConnectionError(
        ERROR_CODE.ENHANCE_YOUR_CALM,
        'continuation_flood',
        'a header block without end',
      );
    }
    if (this.#fragments === NO_FRAGMENTS) this.#fragments = [];
    this.#fragments.push(Buffer.from(payload.subarray(start, end)));
    if (!isLast) return undefined;
    const block = Buffer.concat(this.#fragments);
    this.#fragments = NO_FRAGMENTS;
    this.#fragmentBytes = 0;
    return this.#finish(block, 0, block.length);
  }

  #finish(block: Buffer, start: number, end: number): HeaderBlock<Head> {
    const streamId = this.#streamId;
    this.#streamId = 0;
    const head = this.#find(block, start, end) ?? this.#read(block, start, end);
    return { streamId, head, endStream: this.#endStream, dependsOnItself: this.#dependsOnItself };
  }

  #find(block: Buffer, start: number, end: number): Head | undefined {
    const { generation } = this.#decoder;
    for (const known of this.#known) {
      if (known.generation === generation && isSame(known.bytes, block, start, end)) return known.head;
    }
    return undefined;
  }

  #read(block: Buffer, start: number, end: number): Head {
    const { generation } = this.#decoder;
    const fields: HeaderField[] = [];
    let listBytes: number;
    try {
      listBytes = this.#decoder.decode(block, start, end, fields);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new ConnectionError(ERROR_CODE.COMPRESSION_ERROR, 'compression', error.message);
    }
    const head = this.#parse(fields, listBytes);
    const isShort = end - start <= MAX_KNOWN_BYTES && fields.length <= MAX_KNOWN_FIELDS;
    if (isShort && this.#decoder.generation === generation) {
      this.#known[this.#nextKnown] = { bytes: Buffer.from(block.subarray(start, end)), generation, head };
      this.#nextKnown = (this.#nextKnown + 1) % MAX_KNOWN;
    }
    return head;
  }
}

/** Those of most blocks, which are in one frame. */
const NO_FRAGMENTS: Buffer[] = [];

function isSame(bytes: Buffer, block: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes[index] !== block[start + index]) return false;
  }
  return true;
}
