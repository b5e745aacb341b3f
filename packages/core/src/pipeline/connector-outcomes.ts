import type { Signal } from '../component/signal.ts';
import type { ComponentTelemetry, Counter } from '../telemetry/telemetry.ts';
import type { Outcomes } from './metered-consumer.ts';

/**
 * What becomes of one signal's batches where they enter (`consumed`) or leave (`produced`) a connector. The Collector
 * has these as `otelcol.connector.*.items`, behind a feature gate.
 */
export class ConnectorOutcomes implements Outcomes {
  readonly #success: Counter;
  readonly #refused: Counter;

  constructor(telemetry: ComponentTelemetry, direction: 'consumed' | 'produced', signal: Signal) {
    const verb = direction === 'consumed' ? 'passed to' : 'emitted from';
    const counter = (outcome: string): Counter =>
      telemetry.counter(
        `otelcol_connector_${direction}_items`,
        { description: `Number of items ${verb} the connector.`, unit: '{item}' },
        { 'otel.signal': signal, outcome },
      );
    this.#success = counter('success');
    this.#refused = counter('refused');
  }

  accepted(items: number): void {
    this.#success.add(items);
  }

  refused(items: number): void {
    this.#refused.add(items);
  }
}
