/** Errors of `consume` on their way between threads: what of them decides how a receiver answers. */
import {
  ERROR_CODES,
  type ErrorCode,
  errorText,
  isPermanent,
  PermanentError,
  PipelineError,
  RetryableError,
} from '../errors.ts';

/** Why a batch was refused. */
export interface Refusal {
  /** The batch's. */
  readonly id: number;
  readonly isPermanent: boolean;
  /** Undefined for an error that is none of ours. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly status: number | undefined;
  readonly delayMs: number | undefined;
}

/** Takes an error apart. */
export function toRefusal(id: number, error: unknown): Refusal {
  const own = error instanceof PipelineError ? error : undefined;
  return {
    id,
    isPermanent: isPermanent(error),
    code: own?.code,
    message: errorText(error),
    status: own?.status,
    delayMs: error instanceof RetryableError ? error.delayMs : undefined,
  };
}

/** Puts it together again. */
export function toError({ isPermanent, code, message, status, delayMs }: Refusal): Error {
  if (code === undefined || !Object.hasOwn(ERROR_CODES, code)) return new Error(message);
  const options = status === undefined ? {} : { status };
  if (isPermanent) return new PermanentError(code, message, options);
  return new RetryableError(code, message, delayMs === undefined ? options : { ...options, delayMs });
}
