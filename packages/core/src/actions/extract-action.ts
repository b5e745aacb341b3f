import type { Attributes } from '../otlp/attributes.ts';
import type { AttributeAction } from './attribute-action.ts';
import type { Pattern } from './pattern.ts';

/** `extract`: writes what the named groups of a pattern find in a string attribute; other types are left alone. */
export class ExtractGroups implements AttributeAction {
  readonly #key: string;
  readonly #pattern: Pattern;

  constructor(key: string, pattern: Pattern) {
    this.#key = key;
    this.#pattern = pattern;
  }

  apply(attributes: Attributes): void {
    const text = attributes.getString(this.#key);
    const groups = text === undefined ? undefined : this.#pattern.groups(text);
    if (groups === undefined) return;
    const names = this.#pattern.groupNames;
    for (let i = 0; i < names.length; i++) attributes.set(names[i] as string, groups[i] as string);
  }
}
