/**
 * Every error that Tributary raises on purpose has a code from this table, which `docs/errors.md` explains.
 * Codes are never reused. The text is made where the error is raised, of the form
 * `where: what is wrong (what was found). What to do.`
 */
export const ERROR_CODES = {
  CONFIG_INVALID: 'the configuration has one or more problems',
  CONFIG_UNREADABLE: 'a configuration source cannot be read or is not YAML',
  PLUGIN_LOAD: 'a plugin cannot be loaded, or exports no factory, or clashes with another',
  COMPONENT_START: 'a component did not start',
  METADATA_TIMEOUT: 'the facts that a component waits for were not there in time',
  COMPONENT_SHUTDOWN: 'one or more components did not shut down cleanly',
  SIGNAL_UNSUPPORTED: 'a component was given a signal that it does not take',
  OTLP_MALFORMED: 'a request is not valid OTLP',
  OTLP_UNWRITABLE: 'a value cannot be written as OTLP',
  OTLP_TOO_LARGE: 'a request is larger than the limit, compressed or decompressed',
  COMPRESSION_INVALID: 'a request body is not what its content encoding says',
  QUEUE_FULL: 'the sending queue is full',
  BATCH_FULL: 'the batch processor holds as much as it may',
  ENRICH_FULL: 'the enrich processor holds as many flows as it may',
  WORKER_BUSY: 'a worker waits for as much as it may of the main thread',
  MEMORY_LIMIT: 'the process uses more memory than the memory limiter allows',
  BRANCHES_REFUSED: 'several of the pipelines or exporters that share data refused it',
  SHUTDOWN: 'the component is shutting down and takes no more data',
  EXPORT_REFUSED: 'the backend refused the data for good',
  EXPORT_UNAVAILABLE: 'the backend did not take the data now',
  RETRIES_EXHAUSTED: 'the backend did not take the data within max_elapsed_time',
  TELEMETRY_CONFLICT: 'one metric name is declared in two ways',
  BPF_UNAVAILABLE: 'this machine does not let BPF programs run',
  BPF_LOAD: 'the kernel refused a BPF program',
  SOCK_DIAG_UNAVAILABLE: 'the kernel does not list its TCP sockets',
  TABLE_UNUSABLE: 'a table of the enrich processor cannot be read or used',
} as const;

/** One of the codes of `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts that go with an error, for logs; bounded and free of secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What an error may carry beside its code and text. */
export interface ErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
  /**
   * The gRPC status code (`google.rpc.Code`) that a backend gave, or that the sender is to be told, where the default
   * of the error's class is not right.
   */
  readonly status?: number;
}

/** An error that Tributary raises on purpose. */
export class PipelineError extends Error {
  override readonly name: string = 'PipelineError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly status: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.status = options.status;
  }
}

/** This data will never be accepted: the sender must not send it again. */
export class PermanentError extends PipelineError {
  override readonly name = 'PermanentError';
}

/** The data was not accepted now; sent again it may be, after `delayMs` where that is known. */
export class RetryableError extends PipelineError {
  override readonly name = 'RetryableError';
  /** How long the sender should wait, in milliseconds; undefined lets it decide. */
  readonly delayMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { readonly delayMs?: number } = {}) {
    super(code, message, options);
    this.delayMs = options.delayMs;
  }
}

/**
 * Tells whether the same data would fail again. Total: whatever is not known to be permanent may succeed later, as
 * in the Collector.
 */
export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentError;
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
