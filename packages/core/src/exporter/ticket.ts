import type { Batch } from '../otlp/batch.ts';

/**
 * One batch that the queue accepted, until the last of its items is sent or given up. Its items may travel in several
 * parcels (a batch that is merged with others may be split elsewhere), so it counts the parcels that carry some of them.
 */
export interface Ticket {
  /** What the batch takes of the queue, by the queue's sizer and in bytes. */
  readonly size: number;
  readonly bytes: number;
  /** Parcels that carry items of the batch and are not done. */
  parcels: number;
  /** The first failure of a parcel. */
  failure: { readonly error: unknown } | undefined;
  /** Called once, when no parcel is left. */
  readonly settle: ((failure: { readonly error: unknown } | undefined) => void) | undefined;
}

/** How many items of a ticket are in a parcel. */
export interface Share {
  readonly ticket: Ticket;
  readonly items: number;
}

/** What is sent as one request: a batch and, in the order of its items, whose they are. */
export interface Parcel {
  readonly batch: Batch;
  readonly shares: readonly Share[];
}
