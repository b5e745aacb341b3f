/**
 * The one message of a unary call in one direction: compressed flag (1 byte, 0 or 1), length (4 bytes, big endian),
 * content. The content is gathered as it comes, in memory of its own: what sockets are read into is used again.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#data-frames
 */
import { madeBuffers, RPC_CODES } from '@tributary/core';
import { GrpcError } from './grpc-error.ts';

/** The length of a message's head. */
export const MESSAGE_HEAD_BYTES = 5;

/** So much room is made for each byte that has come, up to what the message's head says; more where there is plenty. */
export const ROOM = 8;

export class MessageReader {
  readonly #maxBytes: number;
  #content: Buffer = EMPTY;
  #contentBytes = 0;
  #head = 0;
  #headBytes = 0;
  #isCompressed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether anything of a message has come. */
  get isEmpty(): boolean {
    return this.#headBytes === 0;
  }

  get isWhole(): boolean {
    return this.#headBytes === MESSAGE_HEAD_BYTES && this.#contentBytes === this.#head;
  }

  get isCompressed(): boolean {
    return this.#isCompressed;
  }

  /** Bytes of the content that have come. */
  get bytes(): number {
    return this.#contentBytes;
  }

  /** Whether more is to come than so many bytes, as far as is known. */
  needs(bytes: number): boolean {
    return this.#headBytes < MESSAGE_HEAD_BYTES || this.#head - this.#contentBytes > bytes;
  }

  /**
   * Takes a piece, `chunk` from `start` to `end`; returns how many bytes more are kept in memory for it. Where memory is to be made
   * it is for `room` times what has come.
   * @throws GrpcError for what is more than one message, or one larger than the limit
   */
  push(chunk: Buffer, start: number, end: number, room = ROOM): number {
    const at = this.#headBytes < MESSAGE_HEAD_BYTES ? this.#readHead(chunk, start, end) : start;
    if (at === end) return 0;
    const length = end - at;
    const bytes = this.#contentBytes + length;
    if (bytes > this.#head) {
      throw new GrpcError(
        { code: RPC_CODES.UNIMPLEMENTED, message: 'the call is unary, but more than one message came' },
        { isOwn: true },
      );
    }
    const kept = bytes > this.#content.length ? this.#makeRoom(bytes, room) : 0;
    chunk.copy(this.#content, this.#contentBytes, at, end);
    this.#contentBytes = bytes;
    return kept;
  }

  /** The content. Only when it is whole. */
  content(): Uint8Array {
    return this.#content;
  }

  /** Forgets the content. */
  clear(): void {
    this.#content = EMPTY;
  }

  /** What to say of a stream that ends although the message is not whole. */
  cutOff(): GrpcError {
    const status = this.isEmpty
      ? { code: RPC_CODES.UNIMPLEMENTED, message: 'the call is unary, but no message came' }
      : { code: RPC_CODES.INTERNAL, message: `the message ends after ${this.bytes} of ${this.#head} bytes` };
    return new GrpcError(status, { isOwn: true });
  }

  /** Gives more room than `bytes` need, so that a message of usual size is moved once at most. */
  #makeRoom(bytes: number, room: number): number {
    const before = this.#content;
    const length = Math.min(this.#head, bytes * room);
    this.#content = Buffer.allocUnsafe(length);
    madeBuffers(length);
    before.copy(this.#content, 0, 0, this.#contentBytes);
    return length - before.length;
  }

  #readHead(chunk: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#headBytes < MESSAGE_HEAD_BYTES) {
      const byte = chunk[at++]!;
      if (this.#headBytes === 0) {
        if (byte > 1) {
          const message = `what came is no message of gRPC (it begins with ${byte})`;
          throw new GrpcError({ code: RPC_CODES.INTERNAL, message }, { isOwn: true });
        }
        this.#isCompressed = byte === 1;
      } else this.#head = this.#head * 256 + byte;
      this.#headBytes += 1;
    }
    if (this.#headBytes === MESSAGE_HEAD_BYTES && this.#head > this.#maxBytes) {
      throw new GrpcError(
        {
          code: RPC_CODES.RESOURCE_EXHAUSTED,
          message: `the message is larger than the limit (${this.#head} of ${this.#maxBytes} bytes)`,
        },
        { isOwn: true },
      );
    }
    return at;
  }
}

const EMPTY = Buffer.alloc(0);
