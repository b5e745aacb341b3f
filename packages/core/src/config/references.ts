/** The text of `${…}` references: finding them, taking them apart, showing them. */
import { type ConfigUri, parseUri } from './providers.ts';

/**
 * Finds the first reference to expand: the one that the first `}` closes, which is the innermost. One with an odd
 * number of `$` before it is skipped.
 */
export function findReference(text: string): { readonly start: number; readonly end: number } | undefined {
  let from = 0;
  for (let close = text.indexOf('}'); close !== -1; close = text.indexOf('}', from)) {
    const start = from + text.slice(from, close).lastIndexOf('${');
    if (start >= from && !isEscaped(text, start)) return { start, end: close + 1 };
    from = close + 1;
  }
  return undefined;
}

/** Gives what is left of a text once its references are expanded: `$$` is a `$`. */
export function unescapeDollars(text: string): string {
  return text.replaceAll('$$', '$');
}

/** Reads what stands between `${` and `}`; without a scheme it is an environment variable. Undefined if it is no URI. */
export function parseReference(inner: string): ConfigUri | undefined {
  const hasScheme = inner.includes(':') && !/^[a-zA-Z_][a-zA-Z0-9_]*:-/.test(inner);
  return parseUri(hasScheme ? inner : `env:${inner}`);
}

/** A reference as it may be shown: without its default, its query and its inline YAML, which may be secret. */
export function showReference(written: string): string {
  return written
    .replace(/^(\$\{yaml:).*\}$/s, '$1…}')
    .replace(/:-.*\}$/s, ':-…}')
    .replace(/^(\$\{https?:\/\/)(?:[^/@]*@)?([^?]*)\?.*\}$/s, '$1$2?…}')
    .replace(/^(\$\{https?:\/\/)[^/@]*@/, '$1');
}

function isEscaped(text: string, at: number): boolean {
  let dollars = 0;
  while (text[at - dollars - 1] === '$') dollars++;
  return dollars % 2 === 1;
}
