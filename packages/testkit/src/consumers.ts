import {
  type Batch,
  type Consumer,
  PermanentError,
  SIGNALS,
  type Signal,
  type SignalConsumer,
} from '@tributary/core';

/** A consumer that refuses every batch. */
export interface RefusingConsumer extends Consumer {
  /** How many batches it was given. */
  readonly attempts: number;
}

/** A consumer that refuses every batch with `error`: thrown, or with `async` as a rejected promise. */
export function refuse(error: Error, options: { readonly async?: boolean } = {}): RefusingConsumer {
  let attempts = 0;
  return {
    get attempts() {
      return attempts;
    },
    consume() {
      attempts += 1;
      if (options.async === true) return Promise.reject(error);
      throw error;
    },
  };
}

/** A consumer that accepts everything and keeps nothing. */
export function nopConsumer(): Consumer {
  return { consume: () => undefined };
}

/**
 * What a receiver or a connector is given as its `next`: `consumer` as the only pipeline, for these signals (all of
 * them unless told otherwise). Refuses other signals as the graph does.
 */
export function signalConsumer(consumer: Consumer, signals: readonly Signal[] = SIGNALS): SignalConsumer {
  const taken: ReadonlySet<Signal> = new Set(signals);
  return {
    signals: taken,
    mutatesData: consumer.mutatesData ?? false,
    consume(batch: Batch) {
      if (taken.has(batch.signal)) return consumer.consume(batch);
      throw new PermanentError('SIGNAL_UNSUPPORTED', `${batch.signal}: no pipeline takes this signal.`);
    },
  };
}
