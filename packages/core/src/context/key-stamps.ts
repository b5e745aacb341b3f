/** How many stamps there are: a power of two. */
const STAMPS = 4096;
const STAMP_BITS = 12;

/**
 * A number for each key that is another whenever something else is known of the key, and seldom without that: one for all
 * keys of a hash. Who keeps an answer asks it again before it uses the answer.
 */
export class KeyStamps {
  /** Made when one is first asked for: before that nobody keeps answers. */
  #stamps: Int32Array | undefined;

  of(key: string | number): number {
    this.#stamps ??= new Int32Array(STAMPS);
    return this.#stamps[indexOf(key)]!;
  }

  /** Something else is known of a key. */
  change(key: string | number): void {
    if (this.#stamps !== undefined) this.#stamps[indexOf(key)]! += 1;
  }
}

/** Of a string its last characters, in which addresses differ. */
function indexOf(key: string | number): number {
  if (typeof key === 'number') return Math.imul(key, 0x9e37_79b1) >>> (32 - STAMP_BITS);
  let hash = key.length;
  for (let at = Math.max(0, key.length - 6); at < key.length; at++)
    hash = Math.imul(hash, 31) + key.charCodeAt(at);
  return hash & (STAMPS - 1);
}
