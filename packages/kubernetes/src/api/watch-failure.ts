/** Why a list or watch came to nothing; the value of the attribute `reason` in self-telemetry. */
export type FailureReason =
  | 'network'
  | 'hung'
  | 'closed'
  | 'truncated'
  | 'malformed'
  | 'not_protobuf'
  | 'expired'
  | 'version_too_new'
  | 'rate_limited'
  | 'server_error'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'unsupported'
  | 'credentials';

/** What a failure may say beside its reason. */
export interface FailureOptions {
  readonly cause?: unknown;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A list or watch came to nothing. Never leaves this package: the watch tries again. */
export class WatchFailure extends Error {
  override readonly name = 'WatchFailure';
  readonly reason: FailureReason;
  readonly retryAfterMs: number;

  constructor(reason: FailureReason, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
