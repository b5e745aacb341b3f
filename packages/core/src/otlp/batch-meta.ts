/** Where a batch came from. Bounded by what the receiver puts in; empty for a batch merged from several. */
export interface BatchMeta {
  /** How it was received (`grpc`, `http` …): the `transport` attribute of the receiver's metrics. */
  readonly transport?: string;
  /** The address of the client. */
  readonly peerAddress?: string;
  /** Request headers by lower-case name; only where the receiver has `include_metadata: true`. */
  readonly metadata?: ReadonlyMap<string, readonly string[]>;
}

/** The meta of a batch of which nothing is known. */
export const NO_META: BatchMeta = Object.freeze({});
