/** The OTLP signals a pipeline can carry, in the order in which they are listed to users. */
export const SIGNALS = ['traces', 'metrics', 'logs'] as const;

/** One of the OTLP signals. */
export type Signal = (typeof SIGNALS)[number];

/** How the Collector's own metric names call the items of a signal (`otelcol_receiver_accepted_spans` …). */
export const ITEM_NAMES: Readonly<Record<Signal, string>> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
};

/** The units that the Collector gives its own metrics that count items: in the plural, unlike the conventions. */
export const ITEM_UNITS: Readonly<Record<Signal, string>> = {
  traces: '{spans}',
  metrics: '{datapoints}',
  logs: '{records}',
};
