/**
 * Sends one request on node:http. All that can be made before is (headers, options), and nothing is
 * joined that was not: a body in pieces is written in pieces.
 *
 * An answer is read to its end, up to `MAX_ANSWER_BYTES`, so that the connection can be used again. A connection that the
 * backend closed while it was idle fails the next request on it before any answer: that request is sent again at
 * once, on a new connection. As with every repetition the backend may get the data twice, and never not at all.
 */
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HttpAnswer } from './answer.ts';

/** What OTLP's specification recommends to clients. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Where a signal's requests go, and what they all have in common. */
export interface Target {
  readonly url: URL;
  /** Names and values in turn, without the length: the form that node:http writes without looking at it. */
  readonly headers: readonly string[];
}

/** The answer was not read: it is longer than `MAX_ANSWER_BYTES`. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** A connection that had been idle broke before any answer came. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/** Posts a body. Rejects with what the connection failed with, or with an `AnswerTooLargeError`. */
export function post(
  agent: Agent,
  target: Target,
  body: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return attempt(agent, target, body, signal).catch((error: unknown) => {
    if (!(error instanceof StaleConnectionError) || signal.aborted) throw error;
    closeIdle(agent);
    return attempt(agent, target, body, signal);
  });
}

function attempt(
  agent: Agent,
  target: Target,
  body: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(agent, target, contentLength(body));
    const cancel = (): void => void request.destroy();
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', cancel);
      reject(error);
    };
    signal.addEventListener('abort', cancel, { once: true });
    let hasResponse = false;
    request.on('response', (response) => {
      hasResponse = true;
      read(response, fail, (answer) => {
        signal.removeEventListener('abort', cancel);
        resolve(answer);
      });
    });
    request.on('error', (error) => {
      if (hasResponse) return;
      const isStale = request.reusedSocket && isConnectionLost(error);
      fail(isStale ? new StaleConnectionError(error.message, { cause: error }) : error);
    });
    write(request, body);
  });
}

function open(agent: Agent, { url, headers }: Target, length: number): ClientRequest {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return send({
    agent,
    method: 'POST',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    headers: [...headers, 'Content-Length', String(length)],
  });
}

function write(request: ClientRequest, body: readonly Uint8Array[]): void {
  const last = body.length - 1;
  for (let index = 0; index < last; index += 1) request.write(body[index]);
  request.end(body[last]);
}

function read(
  response: IncomingMessage,
  fail: (error: Error) => void,
  done: (answer: HttpAnswer) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) response.destroy(new AnswerTooLargeError('the answer does not end'));
    else chunks.push(chunk);
  });
  response.on('error', fail);
  response.on('end', () => {
    const { headers, statusCode = 0 } = response;
    done({
      status: statusCode,
      mediaType: mediaTypeOf(headers['content-type']),
      body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
      retryAfter: headers['retry-after'],
      location: headers.location,
    });
  });
}

function mediaTypeOf(contentType: string | undefined): string {
  return contentType === undefined ? '' : (contentType.split(';', 1)[0] as string).trim().toLowerCase();
}

function contentLength(body: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of body) length += chunk.length;
  return length;
}

function isConnectionLost(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** What is idle next to a connection that the backend closed is likely closed too. */
function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}
