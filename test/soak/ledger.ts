/** What the server must have counted, by key: at least what is certain, and at most that and what may be. */
export class Ledger {
  readonly #certain = new Map<string, number>();
  readonly #possible = new Map<string, number>();

  expect(certain: readonly string[] = [], possible: Readonly<Record<string, number>> = {}): void {
    for (const key of certain) this.#certain.set(key, (this.#certain.get(key) ?? 0) + 1);
    for (const [key, count] of Object.entries(possible)) {
      this.#possible.set(key, (this.#possible.get(key) ?? 0) + count);
    }
  }

  /** What is not as expected, in words. */
  differences(counted: Readonly<Record<string, number>>): string[] {
    const keys = new Set([...this.#certain.keys(), ...this.#possible.keys(), ...Object.keys(counted)]);
    return [...keys].sort().flatMap((key) => {
      const least = this.#certain.get(key) ?? 0;
      const most = least + (this.#possible.get(key) ?? 0);
      const found = counted[key] ?? 0;
      return found < least || found > most ? [`${key}: ${found} counted, ${least} to ${most} expected`] : [];
    });
  }
}
