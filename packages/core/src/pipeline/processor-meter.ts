import type { Consumer } from '../component/component.ts';
import type { Signal } from '../component/signal.ts';
import type { Batch } from '../otlp/batch.ts';
import type { ComponentTelemetry, Counter, Histogram } from '../telemetry/telemetry.ts';

/** Upper bounds of the buckets of a processor's own time, in seconds. */
const DURATION_BOUNDARIES = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.05, 0.1, 1];

/**
 * Counts what goes into and out of one processor: `otelcol_processor_{incoming,outgoing}_items`, and at level
 * `detailed` `otelcol_processor_internal_duration`. Names and attributes: processor/processorhelper of the Collector.
 */
export class ProcessorMeter {
  readonly #incoming: Counter;
  readonly #outgoing: Counter;
  readonly #stopwatch: Stopwatch | undefined;

  constructor(telemetry: ComponentTelemetry, signal: Signal, isTimed: boolean) {
    const attributes = { 'otel.signal': signal };
    this.#incoming = telemetry.counter(
      'otelcol_processor_incoming_items',
      { description: 'Number of items passed to the processor.', unit: '{items}' },
      attributes,
    );
    this.#outgoing = telemetry.counter(
      'otelcol_processor_outgoing_items',
      { description: 'Number of items emitted from the processor.', unit: '{items}' },
      attributes,
    );
    if (!isTimed) return;
    this.#stopwatch = new Stopwatch(
      telemetry.histogram(
        'otelcol_processor_internal_duration',
        {
          description:
            'Time for which the processor held the thread with a batch, without what follows it and without waiting.',
          unit: 's',
          level: 'detailed',
          boundaries: DURATION_BOUNDARIES,
        },
        attributes,
      ),
    );
  }

  /** What the processor gets as its `next`. */
  output(next: Consumer): Consumer {
    const counted = new CountedConsumer(next, this.#outgoing, next.mutatesData === true);
    return this.#stopwatch?.downstream(counted) ?? counted;
  }

  /** What stands for the processor in the pipeline: it may hand its batch on, so what follows may edit it too. */
  input(processor: Consumer, next: Consumer): Consumer {
    const mutatesData = processor.mutatesData === true || next.mutatesData === true;
    const counted = new CountedConsumer(processor, this.#incoming, mutatesData);
    return this.#stopwatch?.processor(counted) ?? counted;
  }
}

class CountedConsumer implements Consumer {
  readonly mutatesData: boolean;
  readonly #consumer: Consumer;
  readonly #items: Counter;

  constructor(consumer: Consumer, items: Counter, mutatesData: boolean) {
    this.#consumer = consumer;
    this.#items = items;
    this.mutatesData = mutatesData;
  }

  consume(batch: Batch): void | Promise<void> {
    this.#items.add(batch.itemCount);
    return this.#consumer.consume(batch);
  }
}

/**
 * Takes the time that a processor's call takes less the time of the calls that it makes downstream in between. A
 * pipeline has no cycles, so a processor is never entered again before it has returned.
 */
class Stopwatch {
  readonly #durations: Histogram;
  #downstreamMs = 0;

  constructor(durations: Histogram) {
    this.#durations = durations;
  }

  processor(consumer: Consumer): Consumer {
    const consume = (batch: Batch): void | Promise<void> => {
      const startMs = performance.now();
      this.#downstreamMs = 0;
      try {
        return consumer.consume(batch);
      } finally {
        this.#durations.record((performance.now() - startMs - this.#downstreamMs) / 1000);
      }
    };
    return { consume, mutatesData: consumer.mutatesData === true };
  }

  downstream(consumer: Consumer): Consumer {
    const consume = (batch: Batch): void | Promise<void> => {
      const startMs = performance.now();
      try {
        return consumer.consume(batch);
      } finally {
        this.#downstreamMs += performance.now() - startMs;
      }
    };
    return { consume, mutatesData: consumer.mutatesData === true };
  }
}
