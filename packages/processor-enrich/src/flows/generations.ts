/**
 * A map that forgets what has not been used for a while: entries are put into the young half; when it is full, or old enough, it
 * becomes the old half, and what was in that goes. No entry costs a timer or a list.
 */
export class Generations<K, V> {
  readonly #maxEntries: number;
  readonly #spanMs: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #turns = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** At most `maxEntries` are kept, each for at least `spanMs` after its last use unless there are too many. */
  constructor(maxEntries: number, spanMs = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries;
    this.#spanMs = spanMs;
  }

  /** How often the young half became the old one. An entry is kept for at least one turn after its last use. */
  get turns(): number {
    return this.#turns;
  }

  /** How many entries are kept; one that is in both halves counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Returns how many entries went for want of room. */
  set(key: K, value: V): number {
    let evicted = 0;
    if (this.#young.size >= this.#maxEntries / 2) {
      evicted = this.#old.size;
      this.#turn();
    }
    this.#young.set(key, value);
    return evicted;
  }

  /** Lets go what is too old; `nowMs` is of a steady clock. */
  age(nowMs: number): void {
    if (nowMs - this.#sinceMs < this.#spanMs) return;
    this.#turn();
    this.#sinceMs = nowMs;
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#turns += 1;
  }
}
