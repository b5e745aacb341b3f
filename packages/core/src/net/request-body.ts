import type { IncomingMessage } from 'node:http';
import { BodyIntake, type BodyListener } from './http1/body-intake.ts';

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

/** Reads and throws away at most `budget` bytes of what is left of a request, then cuts the connection. */
export function discard(request: IncomingMessage, budget: number): void {
  const body = new BodyIntake();
  body.discard(budget);
  feed(request, body, 0);
}

function feed(request: IncomingMessage, body: BodyIntake, length: number): void {
  let toCome = length;
  request.on('data', (part: Buffer) => {
    toCome -= part.length;
    body.take(part, toCome);
    if (body.isOverdrawn) request.socket.destroy();
  });
}
