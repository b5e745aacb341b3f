import {
  type Component,
  type Counter,
  LogsWriter,
  type Settings,
  type SignalConsumer,
} from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Makes a log record at an interval. */
export class ExampleReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: ExampleConfig;
  readonly #next: SignalConsumer;
  readonly #writer = new LogsWriter();
  readonly #dropped: Counter;
  #timer: NodeJS.Timeout | undefined;
  /** The record that is on its way; the next is made when its outcome is known. */
  #sending: Promise<void> | undefined;

  constructor(settings: Settings, config: ExampleConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#next = next;
    this.#dropped = settings.telemetry.counter('otelcol_receiver_example_dropped_records', {
      description: 'Number of records that the pipeline refused.',
      unit: '{record}',
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#config.interval);
  }

  /** Also called without `start`, and more than once. */
  async shutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }

  #tick(): void {
    if (this.#sending !== undefined) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  async #send(): Promise<void> {
    this.#writer.scope('example');
    this.#writer.record({ timeUnixNano: BigInt(Date.now()) * 1_000_000n, body: this.#config.body });
    const batch = this.#writer.finish();
    if (batch === undefined) return;
    try {
      await this.#next.consume(batch);
    } catch (error) {
      // A receiver with clients would tell them, and they would send it again or not.
      this.#dropped.add(1);
      this.#settings.logger.warn({ error: String(error) }, 'the pipeline refused a record');
    }
  }
}
