import { Batch, type BatchMeta, type Consumer, isPermanent } from '@tributary/core';
import type { BatchMetrics } from './batch-metrics.ts';
import type { Pending } from './pending.ts';

/** The largest batch that may be sent; 0 sets no limit. */
export interface SizeLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * Sends what was gathered and tells each caller what became of its own data. A merged batch that is refused for good
 * is sent again in the parts that it was made of: the fault of one caller's data is told to that caller alone.
 */
export class Delivery {
  readonly #next: Consumer;
  readonly #limits: SizeLimits;
  readonly #metrics: BatchMetrics;

  constructor(next: Consumer, limits: SizeLimits, metrics: BatchMetrics) {
    this.#next = next;
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /** Sends a group, which is within the limits unless it is one batch; `meta` is what the batches share. */
  send(group: readonly Pending[], meta: BatchMeta): void {
    const [first] = group;
    if (first === undefined) return;
    if (group.length === 1) {
      this.#sendAlone(first, meta);
      return;
    }
    const batch = Batch.merge(
      group.map((pending) => pending.batch),
      meta,
    );
    this.#hand(batch, (error) => {
      if (error === undefined || !isPermanent(error)) {
        for (const pending of group) pending.settle(error);
        return;
      }
      this.#metrics.isolated.add(1);
      // What was settled meanwhile was given up by a shutdown: its sender sends it again.
      for (const pending of group) if (!pending.isSettled) this.#sendAlone(pending, meta);
    });
  }

  /** Sends one caller's batch, in several parts if it is too large: then the first refusal, if any, is its outcome. */
  #sendAlone(pending: Pending, meta: BatchMeta): void {
    const { batch } = pending;
    const parts = (batch.meta === meta ? batch : Batch.merge([batch], meta)).split(this.#limits);
    let open = parts.length;
    let outcome: unknown;
    for (const part of parts) {
      this.#hand(part, (error) => {
        // What may be accepted later must be sent again, even if another part never will.
        if (error !== undefined && (outcome === undefined || isPermanent(outcome))) outcome = error;
        open -= 1;
        if (open === 0) pending.settle(outcome);
      });
    }
  }

  #hand(batch: Batch, done: (error?: unknown) => void): void {
    this.#metrics.sent(batch.itemCount, batch.byteLength);
    let pending: void | Promise<void>;
    try {
      pending = this.#next.consume(batch);
    } catch (error) {
      done(reasonOf(error));
      return;
    }
    if (pending === undefined) done();
    else
      pending.then(
        () => done(),
        (error: unknown) => done(reasonOf(error)),
      );
  }
}

/** A refusal stays one, whatever was thrown. */
function reasonOf(error: unknown): unknown {
  return error ?? new Error('batch: the next component refused the data without a reason.');
}
