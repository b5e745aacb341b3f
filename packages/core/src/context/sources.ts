/** How far the facts can be trusted: whether those who bring them have brought all, and keep up. */

/** What a source of facts says of itself. */
export type SourceState = 'loading' | 'current' | 'stale' | 'closed';

/** One who brings facts: a watch of a kind of objects, an engine's events. Made by `Context.source`. */
export interface FactSource {
  /** Such as `k8s pods`. */
  readonly name: string;
  /** Whether it tells who has which address: not of labels and owners. While such a one is stale, names may be wrong. */
  readonly tellsAddresses: boolean;
  /** Whether records should wait for its first list (`wait_for_metadata`). */
  readonly state: SourceState;
  /** Since when it is in this state, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** The first list has been taken in whole, or what was missed has been made up for. */
  current(): void;
  /** What happens is not seen any more, since `since` (milliseconds since the Unix epoch). */
  stale(since: number): void;
  /** It brings no more; nobody waits for it. */
  close(): void;
}

/** All who bring facts. */
export class FactSources {
  readonly #sources = new Set<Source>();
  readonly #waiting = new Set<() => void>();

  add(name: string, tellsAddresses: boolean): FactSource {
    const source: Source = new Source(name, tellsAddresses, () => {
      if (source.state === 'closed') this.#sources.delete(source);
      this.#tell();
    });
    this.#sources.add(source);
    return source;
  }

  /** Those that there are. */
  list(): readonly FactSource[] {
    return [...this.#sources];
  }

  /** Whether a first list is not complete yet. */
  get isLoading(): boolean {
    for (const { state } of this.#sources) if (state === 'loading') return true;
    return false;
  }

  /**
   * Since when it has not been seen who gets which address, by the source that is worst off; Infinity if all that tell of
   * addresses keep up.
   */
  get staleSince(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { state, since, tellsAddresses } of this.#sources) {
      if (tellsAddresses && state === 'stale' && since < earliest) earliest = since;
    }
    return earliest;
  }

  /** Calls back whenever a source's state has changed; returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#waiting]) listener();
  }
}

class Source implements FactSource {
  readonly name: string;
  readonly tellsAddresses: boolean;
  readonly #changed: () => void;
  #state: SourceState = 'loading';
  #since = Date.now();

  constructor(name: string, tellsAddresses: boolean, changed: () => void) {
    this.name = name;
    this.tellsAddresses = tellsAddresses;
    this.#changed = changed;
  }

  get state(): SourceState {
    return this.#state;
  }

  get since(): number {
    return this.#since;
  }

  current(): void {
    this.#become('current', Date.now());
  }

  stale(since: number): void {
    // What was never whole is still being loaded, however it comes.
    if (this.#state === 'current') this.#become('stale', since);
  }

  close(): void {
    this.#become('closed', Date.now());
  }

  #become(state: SourceState, since: number): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#since = since;
    this.#changed();
  }
}
