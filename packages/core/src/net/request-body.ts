import type { IncomingMessage } from 'node:http';
import { madeBuffers } from '../process/young-buffers.ts';

/** Takes the body of a request. Exactly one of its methods is called, once. */
export interface BodyListener {
  /** The whole body. */
  onBody(body: Uint8Array): void;
  /** The body is larger than the limit; the rest is being discarded, so an answer will be read. */
  onTooLarge(): void;
  /** The client went away before the end. */
  onAborted(): void;
}

/**
 * Gathers a request's body of at most `limit` bytes. Memory is taken only for what has arrived: the length that a
 * client announces is used to refuse early and for nothing else. Of a body that is too large, twice the limit is read and
 * thrown away, so that the client gets to read its answer; then the connection is cut.
 */
export function readBody(request: IncomingMessage, limit: number, listener: BodyListener): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    discard(request, 2 * limit);
    listener.onTooLarge();
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let isSettled = false;
  const take = (chunk: Buffer): void => {
    length += chunk.length;
    if (length <= limit) {
      chunks.push(chunk);
      return;
    }
    isSettled = true;
    request.off('data', take);
    chunks.length = 0;
    discard(request, 2 * limit);
    listener.onTooLarge();
  };
  request.on('data', take);
  request.on('end', () => {
    if (!isSettled) {
      isSettled = true;
      // The chunks, and the body that they are joined into.
      madeBuffers(2 * length);
      listener.onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    }
  });
  request.on('close', () => {
    if (!isSettled) {
      isSettled = true;
      listener.onAborted();
    }
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
