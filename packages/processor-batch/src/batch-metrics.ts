import type { ComponentTelemetry, Counter, Histogram } from '@tributary/core';

/** Upper bounds of the buckets of sizes: the Collector's. */
const ITEM_BOUNDARIES = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000,
];
const BYTE_BOUNDARIES = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000, 1_000_000,
  2_000_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000, 7_000_000, 8_000_000, 9_000_000,
];

/** Why waiting data was sent. */
export type Trigger = 'size' | 'timeout';

/** Present numbers that are read when metrics are collected. */
export interface BatchGauges {
  readonly partitions: () => number;
  readonly pendingBatches: () => number;
  readonly pendingBytes: () => number;
}

/** The processor's own metrics: the Collector's names where it has them (processor/batchprocessor/documentation.md). */
export class BatchMetrics {
  /** Merged batches that were refused for good, and sent again one by one. */
  readonly isolated: Counter;
  /** Items that were refused because too much was waiting. */
  readonly refusedItems: Counter;
  readonly #triggers: Readonly<Record<Trigger, Counter>>;
  readonly #items: Histogram;
  readonly #bytes: Histogram;

  constructor(telemetry: ComponentTelemetry, gauges: BatchGauges) {
    const name = (suffix: string): string => `otelcol_processor_batch_${suffix}`;
    this.#triggers = {
      size: telemetry.counter(name('batch_size_trigger_send'), {
        description: 'Number of times the batch was sent due to a size trigger.',
        unit: '{time}',
      }),
      timeout: telemetry.counter(name('timeout_trigger_send'), {
        description: 'Number of times the batch was sent due to a timeout trigger.',
        unit: '{time}',
      }),
    };
    this.#items = telemetry.histogram(name('batch_send_size'), {
      description: 'Number of units in the batch.',
      unit: '{unit}',
      boundaries: ITEM_BOUNDARIES,
    });
    this.#bytes = telemetry.histogram(name('batch_send_size_bytes'), {
      description: 'Number of bytes in the batch that was sent.',
      unit: 'By',
      level: 'detailed',
      boundaries: BYTE_BOUNDARIES,
    });
    this.isolated = telemetry.counter(name('isolated_batches'), {
      description: 'Number of batches that were refused for good and sent again one sender at a time.',
      unit: '{batch}',
    });
    this.refusedItems = telemetry.counter(name('refused_items'), {
      description: 'Number of items that were refused because too much was waiting.',
      unit: '{item}',
    });
    telemetry.gauge(
      name('metadata_cardinality'),
      {
        description: 'Number of distinct metadata value combinations being processed.',
        unit: '{combination}',
      },
      gauges.partitions,
    );
    telemetry.gauge(
      name('pending_batches'),
      { description: 'Number of batches that wait or are on their way.', unit: '{batch}' },
      gauges.pendingBatches,
    );
    telemetry.gauge(
      name('pending_bytes'),
      { description: 'Size of the batches that wait or are on their way.', unit: 'By' },
      gauges.pendingBytes,
    );
  }

  triggered(trigger: Trigger): void {
    this.#triggers[trigger].add(1);
  }

  sent(items: number, bytes: number): void {
    this.#items.record(items);
    this.#bytes.record(bytes);
  }
}
