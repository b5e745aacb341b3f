import type { ComponentTelemetry, Counter } from '@tributary/core';

const METRIC = 'otelcol_receiver_ebpf_losses';
const INSTRUMENT = {
  description: 'Records, or parts of what they should say, that were lost, by reason.',
  unit: '{record}',
};

/** Counts what a block loses, by reason. */
export class Losses {
  readonly #telemetry: ComponentTelemetry;
  readonly #block: string;
  readonly #counters = new Map<string, Counter>();

  constructor(telemetry: ComponentTelemetry, block: string) {
    this.#telemetry = telemetry;
    this.#block = block;
  }

  /** Adds to what was lost for `reason`. */
  add(records: number, reason: string): void {
    let counter = this.#counters.get(reason);
    if (counter === undefined) {
      counter = this.#telemetry.counter(METRIC, INSTRUMENT, { block: this.#block, reason });
      this.#counters.set(reason, counter);
    }
    counter.add(records);
  }

  /** Exports a sum that somebody else keeps, such as a kernel program. */
  observe(reason: string, sum: () => number): void {
    this.#telemetry.observableCounter(METRIC, INSTRUMENT, sum, { block: this.#block, reason });
  }
}
