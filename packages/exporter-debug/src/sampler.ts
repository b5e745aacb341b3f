/** Chooses batches as the Collector's logger does: the first few of each second, then every nth. */
export class Sampler {
  readonly #initial: number;
  readonly #thereafter: number;
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(initial: number, thereafter: number) {
    this.#initial = initial;
    this.#thereafter = thereafter;
  }

  /** Tells whether the batch that came at `nowMs` is printed. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= this.#initial) return true;
    return this.#thereafter > 0 && (this.#count - this.#initial) % this.#thereafter === 0;
  }
}
