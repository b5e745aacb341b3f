import type { Signal } from '../component/signal.ts';
import type { Batch } from '../otlp/batch.ts';
import type { ComponentTelemetry, Histogram } from '../telemetry/telemetry.ts';
import type { SendingQueueConfig } from './config.ts';

/** The Collector's buckets for sizes in items. */
const ITEM_BOUNDARIES = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000,
];

/** The Collector's buckets for sizes in bytes: powers of two from 128 B to 16 MiB. */
const BYTE_BOUNDARIES = Array.from({ length: 18 }, (_, power) => 128 * 2 ** power);

interface SizeMetrics {
  readonly items: Histogram;
  readonly bytes: Histogram;
}

/** What the Collector tells of a sending queue. Sizes of requests are told only where `batch` puts them together. */
export class QueueMetrics {
  readonly #telemetry: ComponentTelemetry;
  readonly #attributes: { readonly data_type: Signal };
  readonly #config: SendingQueueConfig;
  readonly #enqueued: SizeMetrics | undefined;
  readonly #sending: SizeMetrics | undefined;

  constructor(telemetry: ComponentTelemetry, signal: Signal, config: SendingQueueConfig) {
    this.#telemetry = telemetry;
    this.#attributes = { data_type: signal };
    this.#config = config;
    if (config.batch?.enabled === true) {
      this.#enqueued = this.#sizes('otelcol_exporter_enqueue_size', 'requests at enqueue time');
      this.#sending = this.#sizes('otelcol_exporter_queue_batch_send_size', 'batches that are sent');
    }
  }

  /** Registers the gauges; `size` is in units of the sizer. */
  observe(size: () => number): void {
    const unit = `{${this.#config.sizer === 'requests' ? 'batch' : this.#config.sizer === 'items' ? 'item' : 'By'}}`;
    const options = { unit: this.#config.sizer === 'bytes' ? 'By' : unit };
    this.#telemetry.gauge(
      'otelcol_exporter_queue_size',
      { ...options, description: 'Current size of the sending queue, requests under way included.' },
      size,
      this.#attributes,
    );
    this.#telemetry.gauge(
      'otelcol_exporter_queue_capacity',
      { ...options, description: 'Fixed capacity of the sending queue.' },
      () => this.#config.queue_size,
      this.#attributes,
    );
  }

  enqueued(batch: Batch): void {
    record(this.#enqueued, batch);
  }

  sending(batch: Batch): void {
    record(this.#sending, batch);
  }

  #sizes(name: string, what: string): SizeMetrics {
    return {
      items: this.#telemetry.histogram(
        name,
        { description: `Number of items in ${what}.`, unit: '{unit}', boundaries: ITEM_BOUNDARIES },
        this.#attributes,
      ),
      bytes: this.#telemetry.histogram(
        `${name}_bytes`,
        { description: `Size of ${what}.`, unit: 'By', boundaries: BYTE_BOUNDARIES, level: 'detailed' },
        this.#attributes,
      ),
    };
  }
}

function record(sizes: SizeMetrics | undefined, batch: Batch): void {
  sizes?.items.record(batch.itemCount);
  sizes?.bytes.record(batch.byteLength);
}
