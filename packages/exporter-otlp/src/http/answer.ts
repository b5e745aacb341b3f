/**
 * What an answer over HTTP means, by the OTLP specification
 * (https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#otlphttp-response):
 * 2xx is taken, 429, 502, 503 and 504 are to be tried again, all else is refused for good. What is no answer of OTLP
 * acknowledges nothing: it counts as not taken now.
 */
import { STATUS_CODES } from 'node:http';
import {
  decodeRpcStatus,
  PermanentError,
  parseRpcStatusJson,
  RetryableError,
  RPC_CODES,
  type SendResult,
  type Signal,
} from '@tributary/core';
import { type Answer, readJsonAnswer, readProtoAnswer } from '../partial-success.ts';
import { oneLine } from '../text.ts';
import { parseRetryAfter } from './retry-after.ts';

/** One answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** The value of a header field, by its name in lower case. */
  field(name: string): string | undefined;
}

/** Whom the answer is from, for error texts. */
export interface Sent {
  /** The exporter's id. */
  readonly id: string;
  readonly url: string;
  readonly signal: Signal;
}

const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The gRPC codes that stand for HTTP statuses, as the Collector maps them. */
const RPC_CODE_OF_STATUS: Readonly<Record<number, number>> = {
  400: RPC_CODES.INVALID_ARGUMENT,
  401: RPC_CODES.UNAUTHENTICATED,
  403: RPC_CODES.PERMISSION_DENIED,
  404: RPC_CODES.UNIMPLEMENTED,
  429: RPC_CODES.RESOURCE_EXHAUSTED,
  502: RPC_CODES.UNAVAILABLE,
  503: RPC_CODES.UNAVAILABLE,
  504: RPC_CODES.UNAVAILABLE,
};

/** What a person can do about a status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'Check the credentials in "headers".',
  403: 'Check the credentials in "headers".',
  404: 'Check "endpoint": the path of the signal (/v1/logs) is appended to it.',
  405: 'Check "endpoint": the path of the signal (/v1/logs) is appended to it.',
  413: 'Send smaller batches, or let sending_queue::batch::max_size split them.',
  415: 'Try another "encoding" or "compression".',
};

/** Media types whose content says nothing in OTLP's terms and which backends do send with a success. */
const MUTE_MEDIA_TYPES: ReadonlySet<string> = new Set(['', 'text/plain', 'application/octet-stream']);

/** Tells what the backend took. Throws a `PermanentError` or `RetryableError` where it took nothing. */
export function readHttpAnswer(answer: HttpAnswer, sent: Sent): SendResult | undefined {
  if (answer.status >= 200 && answer.status < 300) {
    const read = readSuccess(answer, sent.signal);
    if (read === 'nonsense') throw nonsense(answer, sent);
    return read.result;
  }
  throw refusal(answer, sent);
}

function readSuccess(answer: HttpAnswer, signal: Signal): Answer {
  const { body } = answer;
  if (body.length === 0) return { result: undefined };
  const mediaType = mediaTypeOf(answer);
  if (MUTE_MEDIA_TYPES.has(mediaType)) return { result: undefined };
  if (mediaType === 'application/x-protobuf') return readProtoAnswer(body);
  if (mediaType === 'application/json') return readJsonAnswer(Buffer.from(body).toString(), signal);
  return 'nonsense';
}

function nonsense(answer: HttpAnswer, { id, url }: Sent): RetryableError {
  const { status, body } = answer;
  return new RetryableError(
    'EXPORT_UNAVAILABLE',
    `${id}: ${url} answered HTTP ${status} with what is no answer of OTLP (${body.length} bytes of ` +
      `${oneLine(mediaTypeOf(answer), 80)}). Check that "endpoint" is an OTLP receiver.`,
    { status: RPC_CODES.UNKNOWN },
  );
}

function refusal(answer: HttpAnswer, { id, url }: Sent): PermanentError | RetryableError {
  const { status } = answer;
  const location = answer.field('location');
  const said = errorText(answer);
  const reason = `HTTP ${status}${STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`}${said === '' ? '' : `: ${said}`}`;
  const code = RPC_CODE_OF_STATUS[status] ?? RPC_CODES.UNKNOWN;
  if (RETRYABLE_STATUSES.has(status)) {
    const delayMs = parseRetryAfter(answer.field('retry-after'), Date.now());
    return new RetryableError('EXPORT_UNAVAILABLE', `${id}: ${url} does not take data now (${reason}).`, {
      status: code,
      ...(delayMs === undefined ? {} : { delayMs }),
    });
  }
  if (status >= 300 && status < 400 && location !== undefined) {
    return new PermanentError(
      'EXPORT_REFUSED',
      `${id}: ${url} redirects to "${oneLine(location)}" (${reason}), which is not followed. Set that address if it is right.`,
      { status: code },
    );
  }
  const advice = ADVICE[status] ?? 'The data is not sent again.';
  return new PermanentError('EXPORT_REFUSED', `${id}: ${url} refused the data (${reason}). ${advice}`, {
    status: code,
  });
}

/** What the backend said of its reason: a `google.rpc.Status` in the media type that it names, or plain text. */
function errorText(answer: HttpAnswer): string {
  const { body } = answer;
  if (body.length === 0) return '';
  const mediaType = mediaTypeOf(answer);
  if (mediaType === 'application/x-protobuf') return oneLine(decodeRpcStatus(body)?.message ?? '');
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 64 * 1024)).toString();
  if (mediaType === 'application/json') return oneLine(parseRpcStatusJson(text)?.message || text);
  return mediaType === 'text/plain' || mediaType === '' ? oneLine(text) : '';
}

/** The media type of the content in lower case, without parameters; empty where none is named. */
function mediaTypeOf(answer: HttpAnswer): string {
  const [mediaType = ''] = (answer.field('content-type') ?? '').split(';', 1);
  return mediaType.trim().toLowerCase();
}
