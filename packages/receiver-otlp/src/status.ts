/**
 * What a sender is told when its data was not taken. OTLP's rules
 * (https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md) and the Collector's mapping
 * (receiver/otlpreceiver/internal/errors) come to this:
 *
 *     error                              gRPC                              HTTP
 *     malformed, wrongly compressed      INVALID_ARGUMENT, INTERNAL        400
 *     larger than the limit              RESOURCE_EXHAUSTED                413
 *     from the pipeline: permanent       its status, else INTERNAL         as gRPC's, else 500
 *     from the pipeline: anything else   its status, else UNAVAILABLE      429 or 503, with Retry-After if known
 *
 * A client decides by the code alone whether to send again, so a code never contradicts the error: a permanent error
 * has no retryable one, and the other way round.
 */
import {
  isPermanent,
  PermanentError,
  PipelineError,
  RetryableError,
  RPC_CODES,
  type RpcStatus,
} from '@tributary/core';

/** What is answered to a refused request, in the terms of both transports. */
export interface Refusal {
  readonly status: RpcStatus;
  readonly httpStatus: number;
}

/** The codes that OTLP's clients take for a reason to send again. RESOURCE_EXHAUSTED is one only with a delay. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([
  RPC_CODES.CANCELLED,
  RPC_CODES.DEADLINE_EXCEEDED,
  RPC_CODES.ABORTED,
  RPC_CODES.OUT_OF_RANGE,
  RPC_CODES.UNAVAILABLE,
  RPC_CODES.DATA_LOSS,
]);

const HTTP_STATUSES: Readonly<Record<number, number>> = {
  [RPC_CODES.INVALID_ARGUMENT]: 400,
  [RPC_CODES.UNAUTHENTICATED]: 401,
  [RPC_CODES.PERMISSION_DENIED]: 403,
  [RPC_CODES.UNIMPLEMENTED]: 404,
};

/** For a request that is not what it claims to be: the same bytes will be refused again. */
export function refuseRequest(error: unknown): Refusal {
  const { message } = error as Error;
  if (error instanceof PipelineError && error.code === 'OTLP_TOO_LARGE') {
    return { status: { code: RPC_CODES.RESOURCE_EXHAUSTED, message }, httpStatus: 413 };
  }
  return { status: { code: RPC_CODES.INVALID_ARGUMENT, message }, httpStatus: 400 };
}

/** For data that the pipeline did not take. */
export function refuseData(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const given = error instanceof PipelineError ? error.status : undefined;
  if (isPermanent(error)) {
    const code =
      given === undefined || given === RPC_CODES.OK || RETRYABLE_CODES.has(given)
        ? RPC_CODES.INTERNAL
        : given;
    return { status: { code, message }, httpStatus: permanentHttpStatus(code, error) };
  }
  const delayMs = error instanceof RetryableError ? error.delayMs : undefined;
  if (delayMs === undefined) {
    const code = given !== undefined && RETRYABLE_CODES.has(given) ? given : RPC_CODES.UNAVAILABLE;
    return { status: { code, message }, httpStatus: 503 };
  }
  if (given === RPC_CODES.RESOURCE_EXHAUSTED) {
    return { status: { code: given, message, retryDelayMs: delayMs }, httpStatus: 429 };
  }
  const code = given !== undefined && RETRYABLE_CODES.has(given) ? given : RPC_CODES.UNAVAILABLE;
  return { status: { code, message, retryDelayMs: delayMs }, httpStatus: 503 };
}

/** The Collector answers RESOURCE_EXHAUSTED with 429, which would have the client send the same again for ever. */
function permanentHttpStatus(code: number, error: unknown): number {
  if (error instanceof PermanentError && error.code === 'OTLP_TOO_LARGE') {
    return 413;
  }
  return HTTP_STATUSES[code] ?? 500;
}
