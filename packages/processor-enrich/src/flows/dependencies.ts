import type { ClaimTable } from '@tributary/core';
import type { SharedFact, SharedFacts } from './shared-facts.ts';

/** Something that can change. */
export interface Changing {
  readonly revision: number;
}

interface Seen {
  readonly fact: SharedFact;
  readonly entity: Changing | undefined;
  readonly revision: number;
}

/** What the description of an end was made of. */
export class Dependencies {
  /** The things that it is about; they are few. */
  readonly own: Changing[] = [];
  readonly #shared: SharedFacts;
  readonly #seen: Seen[] = [];

  constructor(shared: SharedFacts) {
    this.#shared = shared;
  }

  /** Looks up who claimed a name last; the description is made of the answer. */
  newest<V extends Changing>(table: ClaimTable<string, V>, key: string): V | undefined {
    const fact = this.#shared.newest(table, key);
    const { entity, revision } = fact;
    this.#seen.push({ fact: fact as unknown as SharedFact, entity, revision });
    return entity;
  }

  /** Whether all that was looked up is as it was. */
  get isUnchanged(): boolean {
    return this.#seen.every(
      ({ fact, entity, revision }) => fact.entity === entity && fact.revision === revision,
    );
  }
}
