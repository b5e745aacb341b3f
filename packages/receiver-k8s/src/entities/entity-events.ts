/**
 * Tells of objects that come, change and go as the Collector's `k8s_cluster` receiver does: log records in a scope with
 * `otel.entity.event_as_log`. What changes several times at once is told once; what waits is no more than there are objects.
 */
import {
  ATTR_OTEL_ENTITY_ATTRIBUTES,
  ATTR_OTEL_ENTITY_EVENT_AS_LOG,
  ATTR_OTEL_ENTITY_EVENT_TYPE,
  ATTR_OTEL_ENTITY_ID,
  ATTR_OTEL_ENTITY_INTERVAL,
  ATTR_OTEL_ENTITY_TYPE,
  type Batch,
  LogsWriter,
  type Outbox,
} from '@tributary/core';
import type { ClusterChange, ClusterEntity, ClusterFacts } from '@tributary/kubernetes';
import { SCOPE_NAME } from '../scope-name.ts';
import { entityId, entityState } from './entity-state.ts';

/** What the events are given. */
export interface EntityEventsOptions {
  readonly facts: ClusterFacts;
  readonly outbox: Outbox;
  readonly version: string;
  /** How often everything is told anew, in milliseconds; 0: never. */
  readonly intervalMs: number;
  /** Called with how many deletions were not told, and why: too many waited, or still did at the end. */
  readonly onLost: (count: number, reason: 'too_many_waiting' | 'shutdown') => void;
}

/** How long changes are gathered, in milliseconds. */
const GATHER_MS = 1000;
/** Entities in a batch, at most. */
const BATCH_ENTITIES = 2000;
/** Deletions that wait to be told, at most: the objects are gone, so that they are kept for nothing else. */
const MAX_WAITING_DELETIONS = 100_000;
const SCOPE = { attributes: { [ATTR_OTEL_ENTITY_EVENT_AS_LOG]: true } };

/** See the head of this file. */
export class EntityEvents {
  readonly #options: EntityEventsOptions;
  readonly #writer = new LogsWriter();
  /** What is to be told, the oldest change first, and when it was learnt, in milliseconds since the Unix epoch. */
  readonly #changed = new Map<ClusterEntity, number>();
  readonly #deleted = new Map<ClusterEntity, number>();
  #gathering: NodeJS.Timeout | undefined;
  #repeating: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: EntityEventsOptions) {
    this.#options = options;
  }

  /** Begins, with what is known already. */
  start(): void {
    const { facts, intervalMs } = this.#options;
    this.#unsubscribe = facts.onChange((change) => this.#take(change));
    this.#addAll();
    this.#gathering = setInterval(() => this.#tell(), GATHER_MS);
    if (intervalMs > 0) this.#repeating = setInterval(() => this.#addAll(), intervalMs);
  }

  /** Tells what waits, and ends. */
  close(): void {
    this.#unsubscribe?.();
    clearInterval(this.#gathering);
    clearInterval(this.#repeating);
    while (this.#changed.size + this.#deleted.size > 0 && !this.#options.outbox.isFull) this.#tellBatch();
    // What an object was like last is told by whoever watches next; that it went is told by nobody.
    if (this.#deleted.size > 0) this.#options.onLost(this.#deleted.size, 'shutdown');
  }

  #take({ type, entity, atMs }: ClusterChange): void {
    if (type !== 'deleted') {
      this.#changed.set(entity, atMs);
      return;
    }
    this.#changed.delete(entity);
    if (this.#deleted.size >= MAX_WAITING_DELETIONS) this.#options.onLost(1, 'too_many_waiting');
    else this.#deleted.set(entity, atMs);
  }

  #addAll(): void {
    const { facts } = this.#options;
    const now = Date.now();
    for (const objects of [
      facts.nodes(),
      facts.namespaces(),
      facts.workloads(),
      facts.services(),
      facts.pods(),
    ]) {
      for (const entity of objects) if (!this.#changed.has(entity)) this.#changed.set(entity, now);
    }
  }

  #tell(): void {
    // While the pipelines take nothing, changes go on being gathered: they are told as they are then.
    if (this.#options.outbox.size > 0) return;
    if (this.#changed.size + this.#deleted.size > 0) this.#tellBatch();
  }

  #tellBatch(): void {
    const { facts, version, outbox } = this.#options;
    const { clusterUid } = facts;
    this.#writer.resource({});
    this.#writer.scope(SCOPE_NAME, version, SCOPE);
    let count = 0;
    for (const [entity, atMs] of this.#deleted) {
      this.#deleted.delete(entity);
      this.#writeDelete(entity, atMs);
      count += 1;
      if (count === BATCH_ENTITIES) break;
    }
    for (const [entity, atMs] of this.#changed) {
      if (count === BATCH_ENTITIES) break;
      this.#changed.delete(entity);
      this.#writeState(entity, atMs, clusterUid);
      count += 1;
    }
    const batch: Batch | undefined = this.#writer.finish();
    if (batch !== undefined) outbox.add(batch);
  }

  #writeState(entity: ClusterEntity, atMs: number, clusterUid: string | undefined): void {
    const state = entityState(entity, clusterUid);
    if (state === undefined) return;
    const { intervalMs } = this.#options;
    this.#write(atMs, {
      [ATTR_OTEL_ENTITY_EVENT_TYPE]: 'entity_state',
      [ATTR_OTEL_ENTITY_TYPE]: state.type,
      [ATTR_OTEL_ENTITY_ID]: state.id,
      [ATTR_OTEL_ENTITY_ATTRIBUTES]: state.attributes,
      ...(intervalMs > 0 ? { [ATTR_OTEL_ENTITY_INTERVAL]: intervalMs } : {}),
    });
  }

  #writeDelete(entity: ClusterEntity, atMs: number): void {
    const identity = entityId(entity);
    if (identity === undefined) return;
    this.#write(atMs, {
      [ATTR_OTEL_ENTITY_EVENT_TYPE]: 'entity_delete',
      [ATTR_OTEL_ENTITY_TYPE]: identity.type,
      [ATTR_OTEL_ENTITY_ID]: identity.id,
    });
  }

  #write(atMs: number, attributes: NonNullable<Parameters<LogsWriter['record']>[0]['attributes']>): void {
    this.#writer.record({
      timeUnixNano: BigInt(Math.trunc(atMs)) * 1_000_000n,
      observedTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
      attributes,
    });
  }
}
