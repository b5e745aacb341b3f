/** Whom a peer is to call, one after the other and for ever, until it is told otherwise. */
export interface PeerOrders {
  readonly targets: readonly { readonly host: string; readonly port: number }[];
  /** Connections begun in a second. */
  readonly perSecond: number;
  /** Each connection stays open for a random time up to this, in milliseconds. */
  readonly holdMs: number;
}

/** A call that a peer made and that was answered. */
export interface PeerCall {
  readonly localAddress: string;
  readonly localPort: number;
  /** What was called: the address of a service, or of a pod. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Who answered: the identity that the peer there was given. */
  readonly answeredBy: string;
  /** When the connection began, in milliseconds since the Unix epoch. */
  readonly startMs: number;
}
