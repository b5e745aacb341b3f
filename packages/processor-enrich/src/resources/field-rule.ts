import { compileValidPattern, type KeyPattern, type Pairs, type Pattern, pairValue } from '@tributary/core';
import type { FieldConfig, FieldOwner } from './config.ts';

/** `$1`, `$name`, `${name}` or `$$` in a name. */
const REFERENCE = /\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})/g;

/** Makes an attribute of a label or an annotation, or of all whose key matches a pattern. */
export interface FieldRule {
  /** The kind of object that has it. */
  readonly from: FieldOwner;
  /** The keys that it reads. */
  readonly keys: string | KeyPattern;
  /** Puts what it makes of the pairs into the attributes; what is there goes. */
  extract(pairs: Pairs, into: Map<string, string>): void;
}

/** Compiles a rule whose pattern is known to be one; `prefix` stands before the key where the rule has no name. */
export function compileFieldRule(field: FieldConfig, prefix: string): FieldRule {
  if (field.key_regex === '') return keyRule(field, prefix);
  return patternRule(compileValidPattern(`^(?:${field.key_regex})$`), field, prefix);
}

function keyRule({ key, tag_name: name, from }: FieldConfig, prefix: string): FieldRule {
  const attribute = name === '' ? prefix + key : name;
  return {
    from,
    keys: key,
    extract: (pairs, into) => {
      const value = pairValue(pairs, key);
      if (value !== undefined) into.set(attribute, value);
    },
  };
}

/** As in the Collector a name without a group in the pattern is not used: it would be the same for all keys. */
function patternRule(pattern: Pattern, { tag_name: name, from }: FieldConfig, prefix: string): FieldRule {
  const hasTemplate = name !== '' && pattern.groupNames.length > 0;
  return {
    from,
    keys: pattern,
    extract: (pairs, into) => {
      for (let index = 0; index < pairs.length; index += 2) {
        const key = pairs[index]!;
        const value = pairs[index + 1]!;
        if (value === '') continue;
        const groups = hasTemplate ? pattern.groups(key) : undefined;
        if (groups !== undefined) into.set(expandName(name, key, groups, pattern.groupNames), value);
        else if (!hasTemplate && pattern.test(key)) into.set(prefix + key, value);
      }
    },
  };
}

/** Fills a name with what the groups matched, as Go's `Regexp.Expand`: what refers to no group gives nothing. */
function expandName(
  template: string,
  key: string,
  groups: readonly string[],
  groupNames: readonly string[],
): string {
  return template.replace(REFERENCE, (whole: string, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return whole.slice(1);
    if (/^[0-9]+$/.test(name)) return name === '0' ? key : (groups[Number(name) - 1] ?? '');
    return groups[groupNames.indexOf(name)] ?? '';
  });
}
