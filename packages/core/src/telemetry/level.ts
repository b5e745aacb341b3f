/** How much self-telemetry is kept, from nothing to everything; the Collector's `service::telemetry::metrics::level`. */
export const METRICS_LEVELS = ['none', 'basic', 'normal', 'detailed'] as const;

/** One of the levels of self-telemetry. */
export type MetricsLevel = (typeof METRICS_LEVELS)[number];

/** Tells whether a metric that is declared for `needed` is kept at `level`. */
export function isLevelEnabled(level: MetricsLevel, needed: MetricsLevel): boolean {
  return level !== 'none' && METRICS_LEVELS.indexOf(needed) <= METRICS_LEVELS.indexOf(level);
}
