import type { TelemetryConfig } from '../config/telemetry-config.ts';

/** How much self-telemetry is kept, from nothing to everything: `service::telemetry::metrics::level`. */
export type MetricsLevel = TelemetryConfig['metrics']['level'];

const RANKS: Readonly<Record<MetricsLevel, number>> = { none: 0, basic: 1, normal: 2, detailed: 3 };

/** Tells whether a metric that is declared for `needed` is kept at `level`. */
export function isLevelEnabled(level: MetricsLevel, needed: MetricsLevel): boolean {
  return level !== 'none' && RANKS[needed] <= RANKS[level];
}
