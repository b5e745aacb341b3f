/** The states of components that have copies in several threads: of each component, the worst of its copies. */

import type { Status, StatusEvent } from '../component/status.ts';
import type { StatusListener } from '../pipeline/status-board.ts';

/** From the best to the worst, seen by who asks whether all is well. */
const SEVERITY: Readonly<Record<Status, number>> = {
  stopped: 0,
  ok: 1,
  stopping: 2,
  starting: 3,
  recoverable_error: 4,
  permanent_error: 5,
  fatal_error: 6,
};

/** See the head of this file. */
export class MergedStatus {
  readonly #copies = new Map<string, Map<number, StatusEvent>>();
  readonly #events = new Map<string, StatusEvent>();
  readonly #listeners = new Set<StatusListener>();

  /** The worst state of each component, by its key. */
  get events(): ReadonlyMap<string, StatusEvent> {
    return this.#events;
  }

  subscribe(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A copy has changed its state; 0 is the main thread's, others are the workers' by their number. */
  update(copy: number, key: string, event: StatusEvent): void {
    const copies = this.#copies.get(key) ?? new Map<number, StatusEvent>();
    if (copies.size === 0) this.#copies.set(key, copies);
    copies.set(copy, event);
    const worst = [...copies.values()].reduce((a, b) => (SEVERITY[b.status] > SEVERITY[a.status] ? b : a));
    const known = this.#events.get(key);
    if (known?.status === worst.status && known.error?.message === worst.error?.message) return;
    this.#events.set(key, worst);
    for (const listener of [...this.#listeners]) listener(key, worst);
  }

  /** A worker is gone: each of its copies is in trouble until it is replaced. */
  lose(copy: number, error: Error): void {
    for (const [key, copies] of this.#copies) {
      if (copies.has(copy))
        this.update(copy, key, { status: 'recoverable_error', error, timeUnixMs: Date.now() });
    }
  }
}
