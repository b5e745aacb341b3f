/**
 * Sends one request on node:http. All that can be made before is (headers, options), and nothing is joined that was
 * not: a body in pieces is written in pieces.
 *
 * An answer is read to its end, up to `MAX_ANSWER_BYTES`, so that the connection can be used again. A connection that the
 * backend closed while it was idle fails the next request on it before any answer: that request is sent again at
 * once, on a new connection. As with every repetition the backend may get the data twice, and never not at all.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Agents, closeIdle } from './agents.ts';
import type { HttpAnswer } from './answer.ts';

/** What OTLP's specification recommends to clients. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Where a signal's requests go, and what they all have in common. */
export interface Target {
  readonly url: URL;
  /** Names and values in turn, without the length: the form that node:http writes without looking at it. */
  readonly headers: readonly string[];
}

/** One request. */
export interface Post {
  readonly agents: Agents;
  readonly target: Target;
  readonly body: readonly Uint8Array[];
  /** Ends the request. */
  readonly signal: AbortSignal;
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
export function post(request: Post): Promise<HttpAnswer> {
  return attempt(request).catch((error: unknown) => {
    if (!(error instanceof StaleConnectionError) || request.signal.aborted) throw error;
    // What is idle next to a connection that the backend closed is likely closed too.
    closeIdle(agentOf(request));
    return attempt(request);
  });
}

function attempt(post: Post): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = post;
    const request = open(post);
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
    write(request, post.body);
  });
}

function open(post: Post): ClientRequest {
  const { agents, body, target } = post;
  const { url } = target;
  const isSecure = url.protocol === 'https:';
  const headers = [...target.headers, 'Content-Length', String(contentLength(body))];
  const send = isSecure ? httpsRequest : httpRequest;
  return send({
    agent: agentOf(post),
    method: 'POST',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    // To headers that are a list node:http does not add those for the proxy.
    headers: agents.isProxied ? toObject(headers) : headers,
  });
}

function agentOf({ agents, target }: Post): Agents['http'] {
  return target.url.protocol === 'https:' ? agents.https : agents.http;
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
    if (length > MAX_ANSWER_BYTES) {
      response.destroy(new AnswerTooLargeError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
    } else chunks.push(chunk);
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

function toObject(headers: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2)
    object[headers[index] as string] = headers[index + 1] as string;
  return object;
}
