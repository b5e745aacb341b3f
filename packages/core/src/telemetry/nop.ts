import type { ComponentTelemetry } from './telemetry.ts';

/** Telemetry that nobody reads: for tests and for `service::telemetry::metrics::level: none`. */
export const nopTelemetry: ComponentTelemetry = {
  counter: () => ({ add: () => undefined }),
  observableCounter: () => undefined,
  gauge: () => undefined,
  histogram: () => ({ record: () => undefined }),
};
