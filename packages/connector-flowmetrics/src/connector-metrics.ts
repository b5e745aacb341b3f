import type { ComponentTelemetry } from '@tributary/core';
import type { CountedRecords } from './flow-counter.ts';
import type { SeriesTable } from './series-table.ts';

const PREFIX = 'otelcol_connector_flowmetrics';

/** What the connector says of itself. */
export class ConnectorMetrics {
  readonly #telemetry: ComponentTelemetry;

  constructor(telemetry: ComponentTelemetry, counts: CountedRecords, table: SeriesTable) {
    this.#telemetry = telemetry;
    const outcomes = {
      counted: () => counts.counted,
      counted_at_source: () => counts.countedAtSource,
      no_flow: () => counts.others,
    };
    for (const [outcome, read] of Object.entries(outcomes)) {
      telemetry.observableCounter(
        `${PREFIX}_records`,
        { description: 'Number of log records by what became of them.', unit: '{record}' },
        read,
        { outcome },
      );
    }
    telemetry.observableCounter(
      `${PREFIX}_invalid_values`,
      { description: 'Number of values that could not be counted, for they cannot be.', unit: '{value}' },
      () => counts.invalidValues,
    );
    telemetry.observableCounter(
      `${PREFIX}_overflowed_values`,
      { description: 'Number of values that were counted in an overflow series.', unit: '{value}' },
      () => table.overflowed,
    );
    telemetry.gauge(
      `${PREFIX}_series`,
      { description: 'Number of series that are kept.', unit: '{series}' },
      () => table.size,
    );
  }

  /** Data points did not reach the pipelines. */
  lost(points: number, reason: 'refused' | 'shutdown'): void {
    this.#telemetry
      .counter(
        `${PREFIX}_lost_points`,
        { description: 'Number of data points that the pipelines did not take.', unit: '{datapoint}' },
        { reason },
      )
      .add(points);
  }
}
