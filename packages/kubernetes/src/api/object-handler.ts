/**
 * Takes what is learnt of one kind of objects. Calls come in the order in which the API server tells: a list is
 * `listing`, `seen` for each object, `listed`; changes follow as `seen` and `deleted`. A list may be given up half way (the
 * server went away): then the next `listing` begins anew, and nothing is known to be gone.
 *
 * `object` is the protobuf message alone, `k8s.io.api.core.v1.Pod` say, or `meta.v1.PartialObjectMetadata` where the
 * resource is watched as metadata only. Its bytes are valid during the call only. `atMs` is when it was learnt, in milliseconds
 * since the Unix epoch.
 */
export interface ObjectHandler {
  /** A list begins; what is not seen until `listed` is gone. */
  listing(): void;
  /** An object exists in this state: it was listed, added or modified. */
  seen(object: Uint8Array, atMs: number): void;
  /** An object was deleted, or does not match the selectors any more; with its last state. */
  deleted(object: Uint8Array, atMs: number): void;
  /** The list is whole. */
  listed(atMs: number): void;
  /**
   * The watch broke; up to `sinceMs` it had told everything. What is told from now on, until `resumed`, may have happened at any
   * time since. May be called again before that.
   */
  interrupted?(sinceMs: number): void;
  /** All that was missed has been told, and what happens is told again as it happens. */
  resumed?(): void;
}
