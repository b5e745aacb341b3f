/** What namespaces say of the world: their names, labels and annotations. */
import type { Context } from '@tributary/core';
import type { MetadataDecoder, ObjectMeta } from '../objects/metadata.ts';
import { NamespaceState, readNamespace } from '../objects/metadata-only.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { arePairsEqual } from '../objects/pairs.ts';
import { claimAfter } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { beginOf, type Moment } from './moment.ts';
import type { ObjectKind } from './object-store.ts';
import { WatchedNamespace } from './watched-objects.ts';

/** Keeps what the context says of namespaces as their objects have it. */
export class NamespaceFacts implements ObjectKind<WatchedNamespace> {
  readonly resource = 'namespaces';
  readonly #state = new NamespaceState();
  readonly #context: Context;
  readonly #metadata: MetadataDecoder;
  readonly #counters: FactCounters;

  constructor(context: Context, metadata: MetadataDecoder, counters: FactCounters) {
    this.#context = context;
    this.#metadata = metadata;
    this.#counters = counters;
  }

  get meta(): ObjectMeta {
    return this.#state.meta;
  }

  decode(reader: ObjectReader, end: number): void {
    readNamespace(reader, end, this.#metadata, this.#state);
  }

  predecessor(): WatchedNamespace | undefined {
    for (const { value, to } of this.#context.namespaces.claimsOf(this.meta.name)) {
      if (to === Number.POSITIVE_INFINITY && value instanceof WatchedNamespace) return value;
    }
    return undefined;
  }

  create(moment: Moment): WatchedNamespace {
    const { uid, name, createdSeconds } = this.meta;
    const namespace = new WatchedNamespace(uid, name);
    const from = beginOf(createdSeconds, moment);
    if (!claimAfter(this.#context.namespaces, name, namespace, from)) {
      this.#counters.add('namespaces', 'table_full');
    }
    return namespace;
  }

  update(namespace: WatchedNamespace): boolean {
    const { meta, phase } = this.#state;
    if (
      namespace.phase === phase &&
      arePairsEqual(namespace.labels, meta.labels) &&
      arePairsEqual(namespace.annotations, meta.annotations)
    ) {
      return false;
    }
    namespace.phase = phase;
    namespace.labels = meta.labels;
    namespace.annotations = meta.annotations;
    return true;
  }

  remove(namespace: WatchedNamespace, endMs: number): void {
    this.#context.namespaces.release(namespace.name, namespace, endMs);
  }
}
