/**
 * Takes a byte stream apart into frames (head: see `writeFrameHead`). The content of DATA is handed on where it lies, in the
 * pieces in which it came; of other frames the payload is whole. A payload that is larger than it may be is refused by its
 * head, before anything of it is kept.
 */
import { frameSizeError, protocolError } from './connection-error.ts';
import { FLAG, FRAME, FRAME_HEAD_BYTES, readStreamId } from './protocol.ts';

/** Takes frames. What it throws ends the reading. */
export interface FrameHandler {
  /** DATA begins: the length is that of the whole payload, padding included, as flow control counts it. */
  onDataBegin(streamId: number, flags: number, length: number): void;
  /** A piece of its content: `chunk` from `start` to `end`. */
  onDataPiece(chunk: Buffer, start: number, end: number): void;
  /** All of it has come. */
  onDataEnd(streamId: number, flags: number): void;
  /**
   * Any other frame of a known type. The payload is `payload` from `start` to `end`, and it is the handler's during the call
   * only.
   */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): void;
  /** A frame of a type that nobody knows; its payload is skipped. */
  onUnknownFrame(): void;
}

/** What the bytes that come are a part of. */
type State = 'head' | 'payload' | 'pad_length' | 'data' | 'padding' | 'skipped';

export class FrameReader {
  /** What a payload may be. */
  maxFrameBytes: number;
  readonly #handler: FrameHandler;
  #state: State = 'head';
  /** A head or payload that came in more than one piece. */
  #partial: Buffer = EMPTY;
  #partialLength = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** What is still to come of the part that `#state` names. */
  #left = 0;
  #padding = 0;
  #isStopped = false;

  constructor(handler: FrameHandler, maxFrameBytes: number) {
    this.#handler = handler;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Whether a frame has begun and not ended. */
  get isInFrame(): boolean {
    return this.#state !== 'head' || this.#partialLength > 0;
  }

  /** Nothing more is read, not even of the piece at hand. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads on. Throws a `ConnectionError`, or what the handler throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (!this.#isStopped && at < chunk.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(chunk, at);
          break;
        case 'payload':
          at = this.#readPayload(chunk, at);
          break;
        case 'pad_length':
          this.#readPadLength(chunk[at]!);
          at += 1;
          break;
        case 'data':
          at = this.#readData(chunk, at);
          break;
        default:
          at = this.#skip(chunk, at);
      }
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#partialLength === 0 && chunk.length - at >= FRAME_HEAD_BYTES) {
      this.#begin(chunk, at);
      return at + FRAME_HEAD_BYTES;
    }
    const end = this.#gather(chunk, at, FRAME_HEAD_BYTES);
    if (this.#partialLength === FRAME_HEAD_BYTES) {
      this.#partialLength = 0;
      this.#begin(this.#partial, 0);
    }
    return end;
  }

  /** Copies what there is of `length` bytes aside; returns how far it got. A length that is only said takes no room. */
  #gather(chunk: Buffer, at: number, length: number): number {
    const end = Math.min(chunk.length, at + length - this.#partialLength);
    const needed = this.#partialLength + end - at;
    if (this.#partial.length < needed) {
      const roomier = Buffer.allocUnsafe(Math.min(length, 2 * needed));
      this.#partial.copy(roomier, 0, 0, this.#partialLength);
      this.#partial = roomier;
    }
    chunk.copy(this.#partial, this.#partialLength, at, end);
    this.#partialLength += end - at;
    return end;
  }

  #begin(head: Buffer, at: number): void {
    const length = (head[at]! << 16) | (head[at + 1]! << 8) | head[at + 2]!;
    const type = head[at + 3]!;
    this.#type = type;
    this.#flags = head[at + 4]!;
    this.#streamId = readStreamId(head, at + 5);
    this.#left = length;
    if (length > this.maxFrameBytes) {
      throw frameSizeError(`a frame of ${length} bytes is larger than the limit (${this.maxFrameBytes})`);
    }
    if (type === FRAME.DATA) {
      this.#handler.onDataBegin(this.#streamId, this.#flags, length);
      this.#padding = 0;
      if ((this.#flags & FLAG.PADDED) === 0) this.#enterData();
      else if (length === 0) throw frameSizeError('a padded frame without a length of its padding');
      else this.#state = 'pad_length';
    } else if (type > FRAME.CONTINUATION) {
      this.#handler.onUnknownFrame();
      this.#state = length === 0 ? 'head' : 'skipped';
    } else if (length === 0) {
      this.#end(head, 0, 0);
    } else {
      this.#state = 'payload';
    }
  }

  #readPayload(chunk: Buffer, at: number): number {
    if (this.#partialLength === 0 && chunk.length - at >= this.#left) {
      const end = at + this.#left;
      this.#end(chunk, at, end);
      return end;
    }
    const end = this.#gather(chunk, at, this.#left);
    if (this.#partialLength === this.#left) {
      const payload = this.#partial;
      this.#partialLength = 0;
      // What was large is not kept for the small.
      this.#partial = EMPTY;
      this.#end(payload, 0, this.#left);
    }
    return end;
  }

  #end(payload: Buffer, start: number, end: number): void {
    this.#state = 'head';
    this.#handler.onFrame(this.#type, this.#flags, this.#streamId, payload, start, end);
  }

  #readPadLength(padding: number): void {
    this.#left -= 1;
    if (padding > this.#left) throw protocolError('padding that is longer than its frame');
    this.#padding = padding;
    this.#left -= padding;
    this.#enterData();
  }

  #enterData(): void {
    this.#state = 'data';
    if (this.#left === 0) this.#leaveData();
  }

  #readData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.#handler.onDataPiece(chunk, at, end);
    if (this.#left === 0) this.#leaveData();
    return end;
  }

  #leaveData(): void {
    if (this.#padding > 0) {
      this.#state = 'padding';
      this.#left = this.#padding;
      this.#padding = 0;
      return;
    }
    this.#state = 'head';
    this.#handler.onDataEnd(this.#streamId, this.#flags);
  }

  #skip(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left > 0) return end;
    const wasPadding = this.#state === 'padding';
    this.#state = 'head';
    if (wasPadding) this.#handler.onDataEnd(this.#streamId, this.#flags);
    return end;
  }
}

const EMPTY = Buffer.alloc(0);
