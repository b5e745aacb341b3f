import type { ComponentTelemetry } from '@tributary/core';

const METRIC = 'otelcol_receiver_ebpf_losses';
const INSTRUMENT = {
  description: 'Records, or parts of what they should say, that were lost, by reason.',
  unit: '{record}',
};

/** Counts what a block loses, by reason. */
export class Losses {
  readonly #telemetry: ComponentTelemetry;
  readonly #block: string;
  readonly #sums = new Map<string, { records: number }>();

  constructor(telemetry: ComponentTelemetry, block: string) {
    this.#telemetry = telemetry;
    this.#block = block;
  }

  /** Adds to what was lost for `reason`. */
  add(records: number, reason: string): void {
    let sum = this.#sums.get(reason);
    if (sum === undefined) {
      const lost = { records: 0 };
      sum = lost;
      this.#sums.set(reason, lost);
      // All of them observed: one metric cannot be counted here and observed there.
      this.observe(reason, () => lost.records);
    }
    sum.records += records;
  }

  /** Exports a sum that somebody else keeps, such as a kernel program. */
  observe(reason: string, sum: () => number): void {
    this.#telemetry.observableCounter(METRIC, INSTRUMENT, sum, { block: this.#block, reason });
  }
}
