/**
 * The Prometheus text exposition of the process's own metrics, straight from what the registry counted. The
 * OpenTelemetry SDK's exporter knows neither of the Collector's naming options and costs 30 MB before anybody has
 * scraped (docs/decisions/0002).
 *
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 * Names: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import type { MetricReaderConfig, MetricReading, SeriesAttributes, SeriesReading } from '@tributary/core';

/** How the configuration wants metrics named: `pull::exporter::prometheus`. */
export type PrometheusConfig = NonNullable<MetricReaderConfig['pull']>['exporter']['prometheus'];

/** The words that Prometheus uses for the units that our metrics have. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes' };

const SCOPE_LABELS: SeriesAttributes = { otel_scope_name: 'tributary' };

function metricName({ name, kind, unit }: MetricReading, config: PrometheusConfig): string {
  const suffix = config.without_units ? undefined : UNIT_SUFFIXES[unit];
  const withUnit = suffix === undefined || name.endsWith(`_${suffix}`) ? name : `${name}_${suffix}`;
  return kind === 'counter' && !config.without_type_suffix ? `${withUnit}_total` : withUnit;
}

function labelText(attributes: SeriesAttributes): string {
  const labels = Object.entries(attributes).map(([key, value]) => {
    const name = key.replace(/[^a-zA-Z0-9_]/g, '_');
    const text = String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    return `${name}="${text}"`;
  });
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function seriesLines(name: string, { attributes, value }: SeriesReading, common: SeriesAttributes): string[] {
  const labels = { ...attributes, ...common };
  if (typeof value === 'number') return [`${name}${labelText(labels)} ${numberText(value)}`];
  let cumulative = 0;
  const buckets = value.counts.map((count, index) => {
    cumulative += count;
    const bound = numberText(value.boundaries[index] ?? Number.POSITIVE_INFINITY);
    return `${name}_bucket${labelText({ ...labels, le: bound })} ${cumulative}`;
  });
  return [
    ...buckets,
    `${name}_sum${labelText(labels)} ${numberText(value.sum)}`,
    `${name}_count${labelText(labels)} ${value.count}`,
  ];
}

function matcher(patterns: readonly string[] | undefined): (name: string) => boolean {
  if (patterns === undefined) return () => false;
  const alternatives = patterns.map((pattern) =>
    pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
  const pattern = new RegExp(`^(?:${alternatives.join('|')})$`);
  return (name) => pattern.test(name);
}

function constantLabels(resource: SeriesAttributes, config: PrometheusConfig): SeriesAttributes {
  const { included, excluded } = config.with_resource_constant_labels ?? {};
  const isIncluded = matcher(included);
  const isExcluded = matcher(excluded);
  const fromResource = Object.entries(resource).filter(([name]) => isIncluded(name) && !isExcluded(name));
  return { ...Object.fromEntries(fromResource), ...(config.without_scope_info ? {} : SCOPE_LABELS) };
}

/** Writes metrics for a scrape, and the resource as `target_info`. */
export function toPrometheusText(
  metrics: readonly MetricReading[],
  resource: SeriesAttributes,
  config: PrometheusConfig,
): string {
  const common = constantLabels(resource, config);
  const lines = [
    '# HELP target_info Target metadata',
    '# TYPE target_info gauge',
    `target_info${labelText(resource)} 1`,
  ];
  for (const metric of metrics) {
    if (metric.series.length === 0) continue;
    const name = metricName(metric, config);
    const help = metric.description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${metric.kind}`);
    for (const series of metric.series) lines.push(...seriesLines(name, series, common));
  }
  return `${lines.join('\n')}\n`;
}
