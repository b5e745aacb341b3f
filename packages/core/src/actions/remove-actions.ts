import type { Attributes } from '../otlp/attributes.ts';
import type { AttributeAction } from './attribute-action.ts';
import type { Pattern } from './pattern.ts';

/** `delete` of one key. */
export class DeleteKey implements AttributeAction {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  apply(attributes: Attributes): void {
    attributes.delete(this.#key);
  }
}

/** `delete` of every key that a pattern matches. */
export class DeleteMatching implements AttributeAction {
  readonly #pattern: Pattern;

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
  }

  apply(attributes: Attributes): void {
    for (const key of attributes.keys()) if (this.#pattern.test(key)) attributes.delete(key);
  }
}

/**
 * The Collector's way to rename, a copy `from_attribute` followed by the `delete` of the source, in one step that
 * leaves the value's bytes as they are. `replaces` says what becomes of an attribute that already has the new name:
 * `upsert` replaces it, `insert` keeps it (the source is deleted all the same). `npm run bench -- --only rename`
 * measures it.
 */
export class RenameAttribute implements AttributeAction {
  readonly #from: string;
  readonly #to: string;
  readonly #replaces: boolean;

  constructor(from: string, to: string, replaces: boolean) {
    this.#from = from;
    this.#to = to;
    this.#replaces = replaces;
  }

  apply(attributes: Attributes): void {
    if (this.#replaces) attributes.rename(this.#from, this.#to);
    else attributes.renameUnlessTaken(this.#from, this.#to);
  }
}
