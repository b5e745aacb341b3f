/**
 * The main thread's end of a worker's uplink: hands batches on where they enter the graph, and answers all that settled in one turn
 * of the event loop in one message. Safe when the worker is gone: what it had sent is handed on, and nobody is answered.
 */
import type { Consumer } from '../component/component.ts';
import { Batch } from '../otlp/batch.ts';
import { adoptBuffers } from '../process/isolate-memory.ts';
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
  /** What came and is not settled. */
  #heldBytes = 0;
  #isOrphan = false;

  constructor(sender: Sender<ToWorker>, entries: readonly Consumer[]) {
    this.#sender = sender;
    this.#entries = entries;
  }

  /** Takes what came in one message. */
  take(batches: readonly CrossingBatch[]): void {
    for (const batch of batches) this.#take(batch);
  }

  /** The worker is gone: what came from it and is not settled counts as the main thread's from now on. */
  leave(): void {
    this.#isOrphan = true;
    adoptBuffers(this.#heldBytes);
  }

  #take({ id, entry, signal, bytes, meta, items }: CrossingBatch): void {
    const { length } = bytes;
    madeBuffers(length);
    this.#heldBytes += length;
    try {
      const pending = this.#entries[entry]?.consume(Batch.trusted(signal, bytes, meta, items));
      if (pending === undefined) this.#accept(id, length);
      else
        pending.then(
          () => this.#accept(id, length),
          (error: unknown) => this.#refuse(id, length, error),
        );
    } catch (error) {
      this.#refuse(id, length, error);
    }
  }

  #accept(id: number, bytes: number): void {
    this.#release(bytes);
    this.#accepted.push(id);
    this.#flushSoon();
  }

  #refuse(id: number, bytes: number, error: unknown): void {
    this.#release(bytes);
    this.#refused.push(toRefusal(id, error));
    this.#flushSoon();
  }

  #release(bytes: number): void {
    this.#heldBytes -= bytes;
    if (this.#isOrphan) adoptBuffers(-bytes);
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
