/**
 * Decides which of the records of a connection counts it. A connection whose both ends are watched gives two, one of each
 * end's socket, perhaps in two processes on two nodes, which do not know of each other. So each record is judged by
 * itself: the source's counts always, the destination's only where nobody watches the source. The README has the table.
 */
import { EncodedText } from '@tributary/core';
import type { FlowReader } from './flow-reader.ts';

/** Where the other end of a connection is watched too. */
export type Watched = 'cluster' | 'node' | 'none';

/** `network.flow.scope` of connections inside the cluster, and of those inside one node. */
const SAME_NODE = new EncodedText('same_node');
const IN_CLUSTER = ['same_zone', 'same_region', 'same_cluster'].map((text) => new EncodedText(text));
/** `source.match` of a source whose own socket was seen beside the record's, and of one that is in the cluster. */
const SEEN_HERE = ['peer_socket', 'cgroup'].map((text) => new EncodedText(text));
const KNOWN_IN_CLUSTER = ['pod_ip', 'node'].map((text) => new EncodedText(text));

const SOURCE = new EncodedText('source');
const DESTINATION = new EncodedText('destination');

/** See the head of this file. It says of the record that `reader` is at. */
export class Observers {
  readonly #reader: FlowReader;
  readonly #watched: Watched;

  constructor(reader: FlowReader, watched: Watched) {
    this.#reader = reader;
    this.#watched = watched;
  }

  get isSource(): boolean {
    return this.#reader.record.equals(this.#reader.fields.observer, SOURCE);
  }

  get isDestination(): boolean {
    return this.#reader.record.equals(this.#reader.fields.observer, DESTINATION);
  }

  /** Whether another record, of the source's socket, is to be expected of this flow somewhere. */
  isSourceWatched(): boolean {
    if (this.#watched === 'none') return false;
    const { scope, sourceMatch } = this.#reader.fields;
    if (this.#is(scope, SAME_NODE) || this.#isAny(sourceMatch, SEEN_HERE)) return true;
    if (this.#watched === 'cluster') {
      if (this.#isAny(scope, IN_CLUSTER)) return true;
      if (!this.#reader.record.has(scope) && this.#isAny(sourceMatch, KNOWN_IN_CLUSTER)) return true;
    }
    return !this.#reader.record.has(scope) && this.#isLoopback();
  }

  /** Whether the source is on the machine of the record for the address that it has. */
  #isLoopback(): boolean {
    const address = this.#reader.record.value(this.#reader.fields.sourceAddress);
    return typeof address === 'string' && (address.startsWith('127.') || address === '::1');
  }

  #is(field: number, text: EncodedText): boolean {
    return this.#reader.record.equals(field, text);
  }

  #isAny(field: number, texts: readonly EncodedText[]): boolean {
    for (const text of texts) if (this.#is(field, text)) return true;
    return false;
  }
}
