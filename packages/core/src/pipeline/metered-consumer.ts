import type { Consumer } from '../component/component.ts';
import type { Batch } from '../otlp/batch.ts';

/** What becomes of the batches that pass one place: one object that counts and, of what is refused, logs. */
export interface Outcomes {
  accepted(items: number): void;
  refused(items: number, error: unknown): void;
}

/** Passes batches on and tells `outcomes` what became of them, once for each batch, when its `consume` settles. */
export class MeteredConsumer implements Consumer {
  readonly mutatesData: boolean;
  readonly #next: Consumer;
  readonly #outcomesOf: (batch: Batch) => Outcomes;

  constructor(
    next: Consumer,
    outcomesOf: (batch: Batch) => Outcomes,
    mutatesData = next.mutatesData === true,
  ) {
    this.#next = next;
    this.#outcomesOf = outcomesOf;
    this.mutatesData = mutatesData;
  }

  consume(batch: Batch): void | Promise<void> {
    const outcomes = this.#outcomesOf(batch);
    // Read before the batch is handed on: after that it belongs to the others, who may drop records from it.
    const items = batch.itemCount;
    let pending: void | Promise<void>;
    try {
      pending = this.#next.consume(batch);
    } catch (error) {
      outcomes.refused(items, error);
      throw error;
    }
    if (pending !== undefined) return settle(pending, items, outcomes);
    outcomes.accepted(items);
  }
}

async function settle(pending: Promise<void>, items: number, outcomes: Outcomes): Promise<void> {
  try {
    await pending;
  } catch (error) {
    outcomes.refused(items, error);
    throw error;
  }
  outcomes.accepted(items);
}
