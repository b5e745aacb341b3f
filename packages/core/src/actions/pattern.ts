/**
 * The regular expressions of configurations, which are Go's (RE2 syntax, https://github.com/google/re2/wiki/Syntax).
 * They are matched against what senders wrote, so they run on an engine whose time is linear in the input: with
 * JavaScript's own backtracking engine a single attribute of a few kilobytes could hold up the process for minutes,
 * even with the example in the Collector's own documentation (`^(?P<a>.*):\/\/(?P<b>.*)\/(?P<c>.*)`).
 */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** The engine takes 4 MB of memory, so it is loaded with the first pattern and not with the program. */
const require = createRequire(import.meta.url);

/** A compiled pattern; matches anywhere in the text unless it is anchored, as Go's `MatchString` does. */
export interface Pattern {
  /** The names of the capturing groups in their order; an unnamed group's is empty. */
  readonly groupNames: readonly string[];
  test(text: string): boolean;
  /** What each capturing group matched; a group that took no part gives an empty string. Undefined without a match. */
  groups(text: string): string[] | undefined;
}

/** Compiles a pattern; returns the text of the problem (as Go words it) if it is none. */
export function compilePattern(source: string): Pattern | string {
  const engine = require('re2js') as typeof import('re2js');
  let compiled: RE2JS;
  try {
    compiled = engine.RE2JS.compile(source);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return new Re2Pattern(compiled);
}

/** The text of the problem that a pattern is none; `reason` is what `compilePattern` gave. */
export function notAPattern(pattern: string, reason: string): string {
  return `"${pattern}" is no RE2 pattern (${reason}). See github.com/google/re2/wiki/Syntax.`;
}

/** Compiles a pattern that `compilePattern` has accepted before. */
export function compileValidPattern(source: string): Pattern {
  const pattern = compilePattern(source);
  if (typeof pattern === 'string') throw new TypeError(pattern);
  return pattern;
}

class Re2Pattern implements Pattern {
  readonly groupNames: readonly string[];
  readonly #compiled: RE2JS;

  constructor(compiled: RE2JS) {
    this.#compiled = compiled;
    const names = new Array<string>(compiled.groupCount()).fill('');
    for (const [name, index] of Object.entries(compiled.namedGroups())) names[index - 1] = name;
    this.groupNames = names;
  }

  test(text: string): boolean {
    return this.#compiled.test(text);
  }

  groups(text: string): string[] | undefined {
    // The automaton that only says yes or no is ten times faster than the one that finds the groups.
    if (!this.#compiled.test(text)) return undefined;
    const match = this.#compiled.exec(text);
    return match?.slice(1).map((group: string | undefined) => group ?? '');
  }
}
