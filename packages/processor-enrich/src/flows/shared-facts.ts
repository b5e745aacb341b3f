/**
 * Nodes, namespaces and workloads, which are known by their names and of which many ends are told: whether one of them has changed
 * is looked at for all ends together, once in a while, and not for each end of each flow.
 */
import type { ClaimTable } from '@tributary/core';

/** How long it may take until a change is noticed, in milliseconds; and until one is that was not known before. */
const LOOK_MS = 1000;
const LOOK_FOR_MISSING_MS = 200;

interface Entity {
  readonly revision: number;
}

/** What a name stood for when it was last looked at. */
export interface SharedFact<V extends Entity = Entity> {
  readonly table: ClaimTable<string, V>;
  readonly key: string;
  entity: V | undefined;
  revision: number;
}

/** See the head of this file. */
export class SharedFacts {
  readonly #facts = new Map<ClaimTable<string, never>, Map<string, SharedFact>>();
  readonly #missing = new Set<SharedFact>();
  #epoch = 0;
  #lookAtMs = 0;
  #lookForMissingAtMs = 0;

  /** Grows when any of the facts has changed. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Who claimed a name last; looked at from now on. */
  newest<V extends Entity>(table: ClaimTable<string, V>, key: string): SharedFact<V> {
    let facts = this.#facts.get(table as ClaimTable<string, never>);
    if (facts === undefined) {
      facts = new Map();
      this.#facts.set(table as ClaimTable<string, never>, facts);
    }
    const known = facts.get(key);
    if (known !== undefined) return known as SharedFact<V>;
    const entity = table.newest(key);
    const fact: SharedFact<V> = { table, key, entity, revision: entity?.revision ?? 0 };
    facts.set(key, fact as unknown as SharedFact);
    if (entity === undefined) this.#missing.add(fact as unknown as SharedFact);
    return fact;
  }

  /** Looks whether something has changed, if it is time; `nowMs` is of a steady clock. */
  look(nowMs: number): void {
    if (nowMs >= this.#lookAtMs) {
      this.#lookAtMs = nowMs + LOOK_MS;
      this.#lookForMissingAtMs = nowMs + LOOK_FOR_MISSING_MS;
      for (const facts of this.#facts.values()) for (const fact of facts.values()) this.#lookAt(fact);
    } else if (nowMs >= this.#lookForMissingAtMs) {
      this.#lookForMissingAtMs = nowMs + LOOK_FOR_MISSING_MS;
      for (const fact of this.#missing) this.#lookAt(fact);
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#facts.clear();
    this.#missing.clear();
  }

  #lookAt(fact: SharedFact): void {
    const entity = fact.table.newest(fact.key);
    const revision = entity?.revision ?? 0;
    if (entity === fact.entity && revision === fact.revision) return;
    fact.entity = entity;
    fact.revision = revision;
    if (entity !== undefined) this.#missing.delete(fact);
    this.#epoch += 1;
  }
}
