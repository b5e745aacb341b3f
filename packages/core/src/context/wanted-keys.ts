/** What a key can be matched with, such as a RegExp. */
export interface KeyPattern {
  test(key: string): boolean;
}

/**
 * Which annotations anybody will ask for. Annotations are large (a pod's can have 256 KiB) and mostly of no use, so who
 * brings objects keeps only these. Labels are small and shared, and kept whole.
 */
export class WantedKeys {
  readonly #keys = new Set<string>();
  readonly #patterns: KeyPattern[] = [];
  #revision = 0;

  /** Grows when something is added: what was taken in before may lack it. */
  get revision(): number {
    return this.#revision;
  }

  /** Asks for an annotation by its name, or for those whose whole name matches a pattern. Before the receivers start. */
  annotation(key: string | KeyPattern): void {
    if (typeof key === 'string') this.#keys.add(key);
    else this.#patterns.push(key);
    this.#revision += 1;
  }

  /** Whether an annotation is asked for. */
  hasAnnotation(key: string): boolean {
    return this.#keys.has(key) || this.#patterns.some((pattern) => pattern.test(key));
  }
}
