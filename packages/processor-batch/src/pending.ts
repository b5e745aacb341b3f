import type { Batch } from '@tributary/core';

/**
 * A batch that was given to the processor, from then until its outcome is known. `settle` may come before or after
 * `wait`, so that a batch that is taken at once costs no promise.
 */
export class Pending {
  readonly batch: Batch;
  readonly items: number;
  readonly bytes: number;
  #isSettled = false;
  #error: unknown;
  #waiter: PromiseWithResolvers<void> | undefined;
  readonly #onSettled: (pending: Pending) => void;

  /** `onSettled` is called once. */
  constructor(batch: Batch, onSettled: (pending: Pending) => void) {
    this.batch = batch;
    this.items = batch.itemCount;
    this.bytes = batch.byteLength;
    this.#onSettled = onSettled;
  }

  /** True once the outcome is known. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The batch was accepted, or refused with `error`. Only the first outcome counts. */
  settle(error?: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#error = error;
    this.#onSettled(this);
    if (error === undefined) this.#waiter?.resolve();
    else this.#waiter?.reject(error);
  }

  /** What the caller's `consume` gives: nothing if the batch is accepted already, else a promise; throws if it is refused. */
  wait(): void | Promise<void> {
    if (!this.#isSettled) {
      this.#waiter = Promise.withResolvers<void>();
      return this.#waiter.promise;
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
