/**
 * The main thread's end of a worker's uplink: hands batches on where they enter the graph, and answers all that settled in one turn
 * of the event loop in one message. Safe when the worker is gone: what it had sent is handed on, and nobody is answered.
 */
import type { Consumer } from '../component/component.ts';
import { Batch } from '../otlp/batch.ts';
import { madeBuffers } from '../process/young-buffers.ts';
import type { CrossingBatch, Sender, ToWorker } from './messages.ts';
import { type Refusal, toRefusal } from './refusal.ts';

/** See the head of this file. */
export class Downlink {
  readonly #sender: Sender<ToWorker>;
  readonly #entries: readonly Consumer[];
  #accepted: number[] = [];
  #refused: Refusal[] = [];
  #isFlushing = false;

  constructor(sender: Sender<ToWorker>, entries: readonly Consumer[]) {
    this.#sender = sender;
    this.#entries = entries;
  }

  /** Takes what came in one message. */
  take(batches: readonly CrossingBatch[]): void {
    for (const batch of batches) this.#take(batch);
  }

  #take({ id, entry, signal, bytes, meta, items }: CrossingBatch): void {
    madeBuffers(bytes.length);
    try {
      const pending = this.#entries[entry]?.consume(Batch.trusted(signal, bytes, meta, items));
      if (pending === undefined) this.#accept(id);
      else
        pending.then(
          () => this.#accept(id),
          (error: unknown) => this.#refuse(id, error),
        );
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #accept(id: number): void {
    this.#accepted.push(id);
    this.#flushSoon();
  }

  #refuse(id: number, error: unknown): void {
    this.#refused.push(toRefusal(id, error));
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      const answers = { accepted: this.#accepted, refused: this.#refused };
      this.#accepted = [];
      this.#refused = [];
      this.#sender.postMessage({ kind: 'answers', ...answers }, []);
    });
  }
}
