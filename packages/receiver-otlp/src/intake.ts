import { Batch, type BatchMeta, joinPieces, type Signal, type SignalConsumer } from '@tributary/core';
import type { RefusedRequests } from './refused-requests.ts';
import { type Refusal, refuseData, refuseRequest } from './status.ts';

/** How a request is encoded. */
export type Encoding = 'proto' | 'json';

/**
 * What both transports do with a request once they have its bytes. Gives `undefined` when the data was taken, else what
 * to answer; a promise only where the pipeline waits. Never throws and never rejects.
 */
export class Intake {
  readonly #next: SignalConsumer;
  readonly #refused: RefusedRequests;

  constructor(next: SignalConsumer, refused: RefusedRequests) {
    this.#next = next;
    this.#refused = refused;
  }

  take(
    signal: Signal,
    encoding: Encoding,
    bytes: Uint8Array | readonly Uint8Array[],
    meta: BatchMeta,
  ): Refusal | undefined | Promise<Refusal | undefined> {
    let batch: Batch;
    try {
      batch =
        encoding === 'json'
          ? Batch.decodeJson(signal, joinPieces(bytes), meta)
          : Batch.decode(signal, bytes, meta);
    } catch (error) {
      this.#refused.count('malformed');
      return refuseRequest(error);
    }
    if (batch.isEmpty) {
      return undefined;
    }
    try {
      const accepted = this.#next.consume(batch);
      return accepted === undefined ? undefined : accepted.then(taken, refuseData);
    } catch (error) {
      return refuseData(error);
    }
  }
}

function taken(): undefined {
  return undefined;
}
