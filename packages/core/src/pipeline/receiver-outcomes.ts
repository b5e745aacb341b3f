import { type Logger, withFields } from '../component/logger.ts';
import { RepeatedLog } from '../component/repeated-log.ts';
import { ITEM_NAMES, ITEM_UNITS, type Signal } from '../component/signal.ts';
import { isPermanent } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';
import type { ComponentTelemetry, Counter } from '../telemetry/telemetry.ts';
import type { Outcomes } from './metered-consumer.ts';

/** Transports are a receiver's own few words; more than this are counted without the attribute. */
const MAX_TRANSPORTS = 16;

/**
 * What becomes of one signal's batches at the boundary between a receiver and its pipelines, by transport: the
 * Collector's `otelcol_receiver_{accepted,refused,failed}_*` and `otelcol_receiver_requests`, and a log line for what
 * is refused. Names, units and attributes: receiver/receiverhelper/documentation.md of the Collector.
 */
export class ReceiverOutcomes {
  readonly #telemetry: ComponentTelemetry;
  readonly #logger: Logger;
  readonly #signal: Signal;
  readonly #byTransport = new Map<string | undefined, TransportOutcomes>();

  constructor(telemetry: ComponentTelemetry, logger: Logger, signal: Signal) {
    this.#telemetry = telemetry;
    this.#logger = logger;
    this.#signal = signal;
  }

  of(batch: Batch): TransportOutcomes {
    const { transport } = batch.meta;
    const found = this.#byTransport.get(transport);
    if (found !== undefined) return found;
    return this.#find(this.#byTransport.size < MAX_TRANSPORTS ? transport : undefined);
  }

  /** Writes the log lines that were held back. */
  flush(): void {
    for (const outcomes of this.#byTransport.values()) outcomes.flush();
  }

  #find(transport: string | undefined): TransportOutcomes {
    const found = this.#byTransport.get(transport);
    if (found !== undefined) return found;
    const outcomes = new TransportOutcomes(this.#telemetry, this.#logger, this.#signal, transport);
    this.#byTransport.set(transport, outcomes);
    return outcomes;
  }
}

/** One signal and transport of a receiver. */
class TransportOutcomes implements Outcomes {
  readonly #accepted: Counter;
  readonly #refused: Counter;
  readonly #failed: Counter;
  readonly #requests: Readonly<Record<'success' | 'refused' | 'failure', Counter>>;
  readonly #log: RepeatedLog;

  constructor(telemetry: ComponentTelemetry, logger: Logger, signal: Signal, transport: string | undefined) {
    const name = ITEM_NAMES[signal];
    const noun = name.replaceAll('_', ' ');
    const attributes = transport === undefined ? {} : { transport };
    const items = (what: string, description: string): Counter =>
      telemetry.counter(
        `otelcol_receiver_${what}_${name}`,
        { description, unit: ITEM_UNITS[signal] },
        attributes,
      );
    const requests = (outcome: string): Counter =>
      telemetry.counter(
        'otelcol_receiver_requests',
        { description: 'The number of requests performed.', unit: '{requests}' },
        { ...attributes, outcome },
      );
    this.#accepted = items('accepted', `Number of ${noun} successfully pushed into the pipeline.`);
    this.#refused = items('refused', `Number of ${noun} that could not be pushed into the pipeline.`);
    this.#failed = items('failed', `Number of ${noun} that the receiver itself could not process.`);
    this.#requests = {
      success: requests('success'),
      refused: requests('refused'),
      failure: requests('failure'),
    };
    const bound = withFields(logger, { 'otel.signal': signal, ...attributes });
    this.#log = new RepeatedLog((fields) => bound.warn(fields, 'the pipeline refused data'));
  }

  accepted(items: number): void {
    this.#accepted.add(items);
    this.#requests.success.add(1);
  }

  refused(items: number, error: unknown): void {
    this.#refused.add(items);
    this.#requests.refused.add(1);
    this.#log.occur(items, { error: String(error), isPermanent: isPermanent(error) });
  }

  /** The receiver handed on what no pipeline takes. */
  failed(items: number): void {
    this.#failed.add(items);
    this.#requests.failure.add(1);
  }

  flush(): void {
    this.#log.flush();
  }
}
