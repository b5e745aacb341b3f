import type { Batch, Consumer, Counter, Settings, SignalConsumer } from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Passes what one pipeline gives on to the pipelines that it begins. */
export class ExampleConnector implements Consumer {
  readonly #signals: ReadonlySet<string>;
  readonly #next: SignalConsumer;
  readonly #dropped: Counter;

  constructor({ telemetry }: Settings, config: ExampleConfig, next: SignalConsumer) {
    this.#signals = new Set(config.signals);
    this.#next = next;
    this.#dropped = telemetry.counter('otelcol_connector_example_dropped_items', {
      description: 'Number of items of signals that are not passed on.',
      unit: '{item}',
    });
  }

  consume(batch: Batch): void | Promise<void> {
    if (this.#signals.has(batch.signal)) return this.#next.consume(batch);
    this.#dropped.add(batch.itemCount);
  }
}
