/**
 * The one message of a unary call in one direction: compressed flag (1 byte, 0 or 1), length (4 bytes, big endian),
 * content. The content stays in the pieces in which it came, and is joined when it is asked for.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#data-frames
 */
import { BodyPieces, RPC_CODES } from '@tributary/core';
import { GrpcError } from './grpc-error.ts';

/** The length of a message's head. */
export const MESSAGE_HEAD_BYTES = 5;

/** Shorter pieces are copied: they would keep the chunk alive that they were read with. */
const COPIED_BYTES = 1024;
/** A whole message that is a smaller part of its chunk than this is copied, since it may live long. */
const KEPT_SHARE = 4;

export class MessageReader {
  readonly #maxBytes: number;
  readonly #pieces = new BodyPieces();
  /** The memory of the last piece: what is in it is counted once. */
  #lastBuffer: ArrayBufferLike | undefined;
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
    return this.#headBytes === MESSAGE_HEAD_BYTES && this.#pieces.length === this.#head;
  }

  get isCompressed(): boolean {
    return this.#isCompressed;
  }

  /** Bytes of the content that have come. */
  get bytes(): number {
    return this.#pieces.length;
  }

  /**
   * Takes a piece; returns how many bytes more are kept in memory for it, those of the chunk that it is a part of.
   * @throws GrpcError for what is more than one message, or one larger than the limit
   */
  push(piece: Buffer): number {
    let content = piece;
    if (this.#headBytes < MESSAGE_HEAD_BYTES) {
      const at = this.#readHead(piece);
      if (at === piece.length) return 0;
      content = piece.subarray(at);
    }
    if (this.#pieces.length + content.length > this.#head) {
      throw new GrpcError(
        { code: RPC_CODES.UNIMPLEMENTED, message: 'the call is unary, but more than one message came' },
        { isOwn: true },
      );
    }
    if (content.length < COPIED_BYTES) {
      this.#pieces.push(Buffer.from(content));
      return content.length;
    }
    this.#pieces.push(content);
    if (content.buffer === this.#lastBuffer) return 0;
    this.#lastBuffer = content.buffer;
    return content.buffer.byteLength;
  }

  /** The content. Only when it is whole. */
  content(): Uint8Array {
    if (this.#pieces.count === 0) return EMPTY;
    const content = this.#pieces.join();
    const isSmallPart =
      content.length * KEPT_SHARE < content.buffer.byteLength && content.length >= COPIED_BYTES;
    return isSmallPart ? Buffer.from(content) : content;
  }

  /** Forgets the content. */
  clear(): void {
    this.#pieces.clear();
    this.#lastBuffer = undefined;
  }

  /** What to say of a stream that ends although the message is not whole. */
  cutOff(): GrpcError {
    const status = this.isEmpty
      ? { code: RPC_CODES.UNIMPLEMENTED, message: 'the call is unary, but no message came' }
      : { code: RPC_CODES.INTERNAL, message: `the message ends after ${this.bytes} of ${this.#head} bytes` };
    return new GrpcError(status, { isOwn: true });
  }

  #readHead(piece: Buffer): number {
    let at = 0;
    while (at < piece.length && this.#headBytes < MESSAGE_HEAD_BYTES) {
      const byte = piece[at++]!;
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
