import type { ItemMatcher, Resource, Scope, TelemetryRecord } from '@tributary/core';

/** What is known of the items of a resource or scope: none is selected, or each must be asked about. */
export type Selected =
  | 'none'
  /** The resource and the scope match `include`; `exclude` cannot match any more. */
  | 'included'
  /** The resource and the scope match both blocks. */
  | 'maybe-excluded';

/** Which items a processor acts on: those that match `include`, if there is one, and not `exclude`. */
export class ItemSelection {
  readonly #include: ItemMatcher | undefined;
  readonly #exclude: ItemMatcher | undefined;

  constructor(include: ItemMatcher | undefined, exclude: ItemMatcher | undefined) {
    this.#include = include;
    this.#exclude = exclude;
  }

  ofResource(resource: Resource): Selected {
    if (this.#include?.matchesResource(resource) === false) return 'none';
    return this.#exclude?.matchesResource(resource) === true ? 'maybe-excluded' : 'included';
  }

  /** `ofResource` is what the scope's resource gave. */
  ofScope(scope: Scope, ofResource: Selected): Selected {
    if (this.#include?.matchesScope(scope) === false) return 'none';
    return ofResource === 'maybe-excluded' && this.#exclude?.matchesScope(scope) === true
      ? 'maybe-excluded'
      : 'included';
  }

  /** `ofScope` is what the item's scope gave. */
  hasItem(item: TelemetryRecord, ofScope: Selected): boolean {
    if (this.#include?.matchesItem(item) === false) return false;
    return ofScope !== 'maybe-excluded' || this.#exclude?.matchesItem(item) === false;
  }
}
