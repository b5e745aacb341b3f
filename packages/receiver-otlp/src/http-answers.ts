import { encodeRpcStatus, type RawHeaders, rpcStatusToJson } from '@tributary/core';
import type { Encoding } from './intake.ts';
import type { Refusal } from './status.ts';

/** A whole answer, made once where it is always the same. */
export interface HttpAnswer {
  readonly httpStatus: number;
  /** Names and values by turns. */
  readonly headers: RawHeaders;
  /** Text where it can be: Node writes text and headers in one piece, and bytes in a second. */
  readonly body: string | Uint8Array;
}

/** The content types of OTLP; an answer has that of its request. */
export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  proto: 'application/x-protobuf',
  json: 'application/json',
};

/** Texts of statuses travel to senders and into their logs: they are cut at this length. */
const MAX_MESSAGE_LENGTH = 1024;

/** Everything was taken: a response without `partial_success`. */
export const TAKEN: Readonly<Record<Encoding, HttpAnswer>> = {
  proto: answer(200, CONTENT_TYPES.proto, ''),
  json: answer(200, CONTENT_TYPES.json, '{}'),
};

/** For a path that no signal has. */
export const NOT_FOUND = answer(404, 'text/plain; charset=utf-8', '404 page not found\n');

/** For another method than POST. */
export const METHOD_NOT_ALLOWED = answer(405, 'text/plain', '405 method not allowed, supported: [POST]', [
  'Allow',
  'POST',
]);

/** For another content type than those of OTLP. */
export const UNSUPPORTED_MEDIA_TYPE = answer(
  415,
  'text/plain',
  '415 unsupported media type, supported: [application/json, application/x-protobuf]',
);

/** The answer to a refused request, a `google.rpc.Status` in the request's own encoding. */
export function refusalAnswer(encoding: Encoding, { status, httpStatus }: Refusal): HttpAnswer {
  const short = { ...status, message: status.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed() };
  const body = encoding === 'json' ? rpcStatusToJson(short) : encodeRpcStatus(short);
  const { retryDelayMs } = status;
  // Seconds are all that the header can say: rounded up, lest the client be early.
  const retryAfter =
    retryDelayMs === undefined ? [] : ['Retry-After', String(Math.ceil(retryDelayMs / 1000))];
  return answer(httpStatus, CONTENT_TYPES[encoding], body, retryAfter);
}

function answer(
  httpStatus: number,
  contentType: string,
  body: string | Uint8Array,
  more: RawHeaders = [],
): HttpAnswer {
  const headers = ['Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)), ...more];
  return { httpStatus, headers, body };
}
