import type { IncomingMessage } from 'node:http';
import { BodyIntake, type BodyListener } from './http1/body-intake.ts';
import { LINGER_MS } from './linger.ts';

/** Gathers the body of a request on node:http, of at most `limit` bytes. */
export function readBody(request: IncomingMessage, limit: number, listener: BodyListener): void {
  const { 'content-length': announced } = request.headers;
  const length = announced === undefined ? Number.POSITIVE_INFINITY : Number(announced);
  const body = new BodyIntake();
  body.read(limit, length, listener);
  feed(request, body, length);
  request.on('end', () => body.finish());
  request.on('close', () => body.abort('aborted'));
}

/** Reads and throws away at most `budget` bytes of what is left of a request; then the client has little time left. */
export function discard(request: IncomingMessage, budget: number): void {
  const body = new BodyIntake();
  body.discard(budget);
  feed(request, body, 0);
}

/**
 * Calls back when a request that is being read, or thrown away, has come to its end, or when it was waited for long enough: a
 * connection that is closed before it may lose the answer.
 */
export function afterBody(request: IncomingMessage, callback: () => void): void {
  const timer = setTimeout(end, LINGER_MS);
  function end(): void {
    clearTimeout(timer);
    request.off('end', end);
    request.off('close', end);
    callback();
  }
  request.once('end', end);
  request.once('close', end);
}

function feed(request: IncomingMessage, body: BodyIntake, length: number): void {
  let toCome = length;
  request.on('data', (part: Buffer) => {
    if (body.isOverdrawn) return;
    toCome -= part.length;
    body.take(part, toCome);
    if (body.isOverdrawn) cutOffSoon(request);
  });
}

/** The client has some time to read its answer. */
function cutOffSoon({ socket }: IncomingMessage): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
