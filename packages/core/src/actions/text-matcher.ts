import type { MatchPropertiesConfig } from './match-config.ts';
import { compileValidPattern, type Pattern } from './pattern.ts';

/** Tells whether a text is one of those that a property names. */
export interface TextMatcher {
  matches(text: string): boolean;
}

/** Prepares the texts of one property by the block's `match_type`. */
export function compileTexts(
  texts: readonly string[],
  { match_type, regexp }: Pick<MatchPropertiesConfig, 'match_type' | 'regexp'>,
): TextMatcher {
  if (match_type !== 'regexp') return new ExactMatcher(texts);
  const matcher = new PatternMatcher([...new Set(texts)].map(compileValidPattern));
  return regexp?.cacheenabled === true
    ? new CachedMatcher(matcher, regexp.cachemaxnumentries || DEFAULT_CACHED_TEXTS)
    : matcher;
}

const DEFAULT_CACHED_TEXTS = 10_000;

/** Longer texts are not remembered, so that the cache's size in bytes is bounded too, in UTF-16 units. */
const MAX_CACHED_LENGTH = 1024;

class ExactMatcher implements TextMatcher {
  readonly #texts: ReadonlySet<string>;

  constructor(texts: readonly string[]) {
    this.#texts = new Set(texts);
  }

  matches(text: string): boolean {
    return this.#texts.has(text);
  }
}

class PatternMatcher implements TextMatcher {
  readonly #patterns: readonly Pattern[];

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  matches(text: string): boolean {
    for (const pattern of this.#patterns) if (pattern.test(text)) return true;
    return false;
  }
}

/** Remembers the answers for the texts that were asked for last; the one that was not asked for longest goes first. */
class CachedMatcher implements TextMatcher {
  readonly #matcher: TextMatcher;
  readonly #maxTexts: number;
  readonly #answers = new Map<string, boolean>();

  constructor(matcher: TextMatcher, maxTexts: number) {
    this.#matcher = matcher;
    this.#maxTexts = maxTexts;
  }

  matches(text: string): boolean {
    if (text.length > MAX_CACHED_LENGTH) return this.#matcher.matches(text);
    const known = this.#answers.get(text);
    const answer = known ?? this.#matcher.matches(text);
    if (known !== undefined) this.#answers.delete(text);
    else if (this.#answers.size >= this.#maxTexts) this.#forgetOldest();
    this.#answers.set(text, answer);
    return answer;
  }

  #forgetOldest(): void {
    for (const text of this.#answers.keys()) {
      this.#answers.delete(text);
      return;
    }
  }
}
