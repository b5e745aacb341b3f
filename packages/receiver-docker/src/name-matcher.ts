/**
 * Lists of names as the Collector's Docker components have them (internal/docker/matcher.go): literals, globs, regular
 * expressions between slashes; `!` before one turns it round.
 */
import { compilePattern, type Pattern } from '@tributary/core';

/** Whether a name is meant by a list. */
export type NameMatcher = (name: string) => boolean;

/** An item that cannot be read. */
export interface NameProblem {
  readonly index: number;
  readonly problem: string;
}

interface Item {
  readonly pattern: Pattern;
  readonly isNegated: boolean;
}

/**
 * Compiles a list. A literal that is the name decides, whatever follows; where any literal is turned round, all other names
 * are meant; else one pattern that holds is enough.
 */
export function compileNames(items: readonly string[]): NameMatcher | NameProblem {
  const literals = new Map<string, boolean>();
  const patterns: Item[] = [];
  for (const [index, item] of items.entries()) {
    const isNegated = item.startsWith('!');
    const text = isNegated ? item.slice(1) : item;
    const source = patternOf(text);
    if (source === undefined) {
      literals.set(text, isNegated);
      continue;
    }
    const pattern = compilePattern(source);
    if (typeof pattern === 'string') {
      return {
        index,
        problem: `${JSON.stringify(item)} is no pattern (${pattern}). Write \`/regex/\`, a glob or a name.`,
      };
    }
    patterns.push({ pattern, isNegated });
  }
  const isAnyLiteralNegated = [...literals.values()].includes(true);
  return (name) => {
    const isNegated = literals.get(name);
    if (isNegated !== undefined) return !isNegated;
    return isAnyLiteralNegated || patterns.some((item) => item.pattern.test(name) !== item.isNegated);
  };
}

/** The regular expression of an item; undefined of a literal. */
function patternOf(text: string): string | undefined {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) return text.slice(1, -1);
  return /[*?[\]{}!]/.test(text) ? `^(?s:${globSource(text)})$` : undefined;
}

/** `*`, `?`, `[a-z]`, `[!a-z]`, `{one,other}`, and `\` before any of them. */
function globSource(glob: string): string {
  let source = '';
  let braces = 0;
  for (let index = 0; index < glob.length; index++) {
    const char = glob[index]!;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[' || char === ']') source += char;
    else if (char === '!' && glob[index - 1] === '[') source += '^';
    else if (char === '-' && glob.lastIndexOf('[', index) > glob.lastIndexOf(']', index)) source += '-';
    else if (char === '{') {
      braces += 1;
      source += '(?:';
    } else if (char === '}' && braces > 0) {
      braces -= 1;
      source += ')';
    } else if (char === ',' && braces > 0) source += '|';
    else {
      if (char === '\\') index += 1;
      source += (glob[index] ?? '\\').replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
    }
  }
  return source;
}
