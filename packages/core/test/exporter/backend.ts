import type { Batch, CancelSignal, SendResult } from '@tributary/core';
import { numbersOf } from '@tributary/testkit';

/** One attempt at sending, to be answered by the test. */
export interface Attempt {
  readonly numbers: readonly number[];
  readonly batch: Batch;
  readonly signal: CancelSignal;
  accept(result?: SendResult): void;
  fail(error: Error): void;
}

/** A backend whose answers the test gives, one by one. */
export class ManualBackend {
  readonly attempts: Attempt[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly send = (batch: Batch, signal: CancelSignal): Promise<SendResult | undefined> => {
    const { promise, resolve, reject } = Promise.withResolvers<SendResult | undefined>();
    this.attempts.push({ numbers: numbersOf(batch), batch, signal, accept: resolve, fail: reject });
    for (const { count, resolve: wake } of this.#waiting) if (this.attempts.length >= count) wake();
    return promise;
  };

  /** Waits until there have been so many attempts; resolves with the last of them. */
  async attempted(count: number): Promise<Attempt> {
    if (this.attempts.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.attempts[count - 1] as Attempt;
  }

  /** The numbers of the items of each attempt. */
  get requests(): readonly (readonly number[])[] {
    return this.attempts.map(({ numbers }) => numbers);
  }
}

/** A backend that answers at once, synchronously, as the list says; when it is used up it accepts. */
export class ScriptedBackend {
  readonly requests: number[][] = [];
  readonly #answers: (Error | SendResult | undefined)[];

  constructor(answers: readonly (Error | SendResult | undefined)[] = []) {
    this.#answers = [...answers];
  }

  readonly send = (batch: Batch): SendResult | undefined => {
    this.requests.push(numbersOf(batch));
    const answer = this.#answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

/** Lets everything happen that does not wait for time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}
