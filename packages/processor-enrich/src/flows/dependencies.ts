import type { ClaimTable } from '@tributary/core';

interface Entity {
  readonly revision: number;
}

interface Named {
  readonly table: ClaimTable<string, Entity>;
  readonly key: string;
  readonly entity: Entity | undefined;
}

/**
 * How long it may take until another object of the same name is noticed, in milliseconds; and one that was not known before.
 */
const LOOK_AGAIN_MS = 1000;
const LOOK_FOR_MISSING_MS = 50;

/** What something was made of: it holds for as long as none of that has changed. */
export class Dependencies {
  /** Entities and the revisions that they had, by turns. */
  readonly #entities: (Entity | number)[] = [];
  readonly #named: Named[] = [];
  /** Whether something that was looked for was not known yet. */
  #isIncomplete = false;
  #lookAgainMs = Number.NEGATIVE_INFINITY;

  /** It was made of this entity as it is now. */
  onEntity(entity: Entity): void {
    this.#entities.push(entity, entity.revision);
  }

  /** Looks up who claimed a name last; it was made of the answer. */
  newest<V extends Entity>(table: ClaimTable<string, V>, key: string): V | undefined {
    const entity = table.newest(key);
    if (entity === undefined) this.#isIncomplete = true;
    else this.onEntity(entity);
    this.#named.push({ table, key, entity });
    return entity;
  }

  /** Whether it still holds; `nowMs` is of any clock. */
  hold(nowMs: number): boolean {
    const entities = this.#entities;
    for (let index = 0; index < entities.length; index += 2) {
      if ((entities[index] as Entity).revision !== entities[index + 1]) return false;
    }
    if (nowMs < this.#lookAgainMs) return true;
    this.#lookAgainMs = nowMs + (this.#isIncomplete ? LOOK_FOR_MISSING_MS : LOOK_AGAIN_MS);
    return this.#named.every(({ table, key, entity }) => table.newest(key) === entity);
  }
}
