import { PermanentError, RetryableError, RPC_CODES, rpcCodeName, type SendResult } from '@tributary/core';
import type { GrpcError } from '@tributary/grpc';
import { readProtoAnswer } from '../partial-success.ts';
import { oneLine } from '../text.ts';

/** https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#failures */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([
  RPC_CODES.CANCELLED,
  RPC_CODES.DEADLINE_EXCEEDED,
  RPC_CODES.ABORTED,
  RPC_CODES.OUT_OF_RANGE,
  RPC_CODES.UNAVAILABLE,
  RPC_CODES.DATA_LOSS,
]);

/** What a person can do about a code. */
const ADVICE: Readonly<Record<number, string>> = {
  [RPC_CODES.UNAUTHENTICATED]: 'Check the credentials in "headers".',
  [RPC_CODES.PERMISSION_DENIED]: 'Check the credentials in "headers".',
  [RPC_CODES.UNIMPLEMENTED]: 'Check that "endpoint" is an OTLP receiver for gRPC that takes this signal.',
  [RPC_CODES.RESOURCE_EXHAUSTED]: 'Send smaller batches, or let sending_queue::batch::max_size split them.',
};

/** Tells what the backend took. Throws a `RetryableError` for what is no answer of OTLP: it acknowledges nothing. */
export function readGrpcAnswer(answer: Uint8Array, id: string, endpoint: string): SendResult | undefined {
  const read = readProtoAnswer(answer);
  if (read === 'nonsense') throw noAnswer(id, endpoint, `${answer.length} bytes that are no export response`);
  return read.result;
}

/** What a status other than OK means for the data, by the OTLP specification. */
export function toPipelineError(
  error: GrpcError,
  id: string,
  endpoint: string,
): PermanentError | RetryableError {
  const { code, message, retryDelayMs } = error.status;
  // What this side says of an answer that broke off, or was none of gRPC, is no refusal: the backend has said nothing.
  if (error.isOwn && !RETRYABLE_CODES.has(code)) return noAnswer(id, endpoint, oneLine(message));
  const reason = message === '' ? rpcCodeName(code) : `${rpcCodeName(code)}: ${oneLine(message)}`;
  const isThrottled = code === RPC_CODES.RESOURCE_EXHAUSTED && retryDelayMs !== undefined;
  if (RETRYABLE_CODES.has(code) || isThrottled) {
    return new RetryableError(
      'EXPORT_UNAVAILABLE',
      `${id}: ${endpoint} does not take data now (${reason}).`,
      {
        cause: error,
        status: code,
        ...(retryDelayMs === undefined ? {} : { delayMs: retryDelayMs }),
      },
    );
  }
  const advice = ADVICE[code] ?? 'The data is not sent again.';
  return new PermanentError('EXPORT_REFUSED', `${id}: ${endpoint} refused the data (${reason}). ${advice}`, {
    cause: error,
    status: code,
  });
}

function noAnswer(id: string, endpoint: string, found: string): RetryableError {
  return new RetryableError(
    'EXPORT_UNAVAILABLE',
    `${id}: ${endpoint} gave no answer of OTLP (${found}). Check that "endpoint" is an OTLP receiver for gRPC.`,
    { status: RPC_CODES.UNKNOWN },
  );
}
