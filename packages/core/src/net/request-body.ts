import type { IncomingMessage } from 'node:http';
import { memoryGate } from '../component/memory-gate.ts';
import { madeBuffers } from '../process/young-buffers.ts';
import { BodyPieces } from './body-pieces.ts';

/** Takes the body of a request. Exactly one of its methods is called, once. */
export interface BodyListener {
  /** The whole body, in the pieces that it came in. */
  onBody(pieces: readonly Uint8Array[]): void;
  /** The body is larger than the limit; the rest is being discarded, so an answer will be read. */
  onTooLarge(): void;
  /** The process has no memory for the body now; what comes of it is being discarded, so an answer will be read. */
  onNoMemory(): void;
  /** The client went away before the end. */
  onAborted(): void;
}

/**
 * Gathers a request's body of at most `limit` bytes. Memory is taken only for what has arrived: the length that a
 * client announces is used to refuse early and for nothing else. Each piece asks the memory gate for its room. Of a body
 * that is refused, twice the limit is read and thrown away, so that the client gets to read its answer; then the
 * connection is cut.
 */
export function readBody(request: IncomingMessage, limit: number, listener: BodyListener): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    discard(request, 2 * limit);
    listener.onTooLarge();
    return;
  }
  if (!memoryGate.reserve(0)) {
    discard(request, 2 * limit);
    listener.onNoMemory();
    return;
  }
  const pieces = new BodyPieces();
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
    memoryGate.release(pieces.length);
    request.off('data', take);
  };
  const giveUp = (): void => {
    settle();
    pieces.clear();
    discard(request, 2 * limit);
  };
  const take = (chunk: Buffer): void => {
    if (pieces.length + chunk.length > limit) {
      giveUp();
      listener.onTooLarge();
    } else if (memoryGate.reserve(chunk.length)) {
      pieces.push(chunk);
    } else {
      giveUp();
      listener.onNoMemory();
    }
  };
  request.on('data', take);
  request.on('end', () => {
    if (isSettled) return;
    settle();
    madeBuffers(pieces.length);
    listener.onBody(pieces.all());
  });
  request.on('close', () => {
    if (isSettled) return;
    settle();
    listener.onAborted();
  });
}

/** Reads and throws away at most `budget` bytes of what is left of a request, then cuts the connection. */
export function discard(request: IncomingMessage, budget: number): void {
  let left = budget;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) {
      request.socket.destroy();
    }
  });
}
