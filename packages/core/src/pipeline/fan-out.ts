import type { Consumer } from '../component/component.ts';
import type { Batch } from '../otlp/batch.ts';
import { combineRefusals } from './combine-refusals.ts';

/**
 * One consumer for several that all get the data: the pipelines of a receiver, the exporters of a pipeline. A single
 * one needs no fan-out and is returned as it is.
 *
 * Nothing is copied. Those that only read share the batch; each that edits gets a fork, which shares the bytes. Only
 * where all edit does the last one get the batch itself: a reader may still be at work on it after its `consume` has
 * returned (a queue), and must not see another's edits.
 *
 * Every consumer gets the data, whatever the others do. The result is synchronous when all results are. Refusals are
 * told together, see `combineRefusals`.
 */
export function fanOut(consumers: readonly Consumer[]): Consumer {
  const [first] = consumers;
  return consumers.length === 1 && first !== undefined ? first : new FanOut(consumers);
}

class FanOut implements Consumer {
  /** The batch itself is edited only where nobody merely reads it. */
  readonly mutatesData: boolean;
  readonly #branches: readonly { readonly consumer: Consumer; readonly needsFork: boolean }[];

  constructor(consumers: readonly Consumer[]) {
    this.mutatesData = consumers.every((consumer) => consumer.mutatesData === true);
    this.#branches = consumers.map((consumer, index) => {
      const getsOriginal = this.mutatesData && index === consumers.length - 1;
      return { consumer, needsFork: consumer.mutatesData === true && !getsOriginal };
    });
  }

  consume(batch: Batch): void | Promise<void> {
    let refusals: unknown[] | undefined;
    let pending: Promise<void>[] | undefined;
    for (const { consumer, needsFork } of this.#branches) {
      try {
        const result = consumer.consume(needsFork ? batch.fork() : batch);
        if (result === undefined) continue;
        pending ??= [];
        pending.push(result);
      } catch (error) {
        refusals ??= [];
        refusals.push(error);
      }
    }
    if (pending !== undefined) return settleAll(pending, refusals ?? [], this.#branches.length);
    if (refusals !== undefined) throw combineRefusals(refusals, this.#branches.length);
  }
}

async function settleAll(
  pending: readonly Promise<void>[],
  refusals: unknown[],
  branches: number,
): Promise<void> {
  for (const result of await Promise.allSettled(pending)) {
    if (result.status === 'rejected') refusals.push(result.reason);
  }
  if (refusals.length > 0) throw combineRefusals(refusals, branches);
}
