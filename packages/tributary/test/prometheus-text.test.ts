import type { MetricReading } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { type PrometheusConfig, toPrometheusText } from '../src/telemetry/prometheus-text.ts';

/** As the Collector's default reader has it. */
const COLLECTOR_NAMES: PrometheusConfig = {
  host: 'localhost',
  port: 8888,
  without_scope_info: true,
  without_units: true,
  without_type_suffix: true,
};
const PROMETHEUS_NAMES: PrometheusConfig = {
  host: 'localhost',
  port: 8888,
  without_scope_info: false,
  without_units: false,
  without_type_suffix: false,
};
const RESOURCE = { 'service.name': 'tributary', 'host.name': 'a"b' };

const METRICS: readonly MetricReading[] = [
  {
    name: 'otelcol_process_cpu_seconds',
    kind: 'counter',
    description: 'CPU\ntime',
    unit: 's',
    series: [{ attributes: {}, value: 1.5 }],
  },
  {
    name: 'otelcol_exporter_queue_size',
    kind: 'gauge',
    description: 'Held',
    unit: '{batch}',
    series: [{ attributes: { exporter: 'otlp', 'data.type': 'logs\\' }, value: 3 }],
  },
  {
    name: 'otelcol_processor_internal_duration',
    kind: 'histogram',
    description: 'Time',
    unit: 's',
    series: [{ attributes: {}, value: { count: 3, sum: 6, boundaries: [1, 2], counts: [1, 0, 2] } }],
  },
  { name: 'otelcol_nobody_answers', kind: 'gauge', description: 'None', unit: 's', series: [] },
];

describe('toPrometheusText', () => {
  it('names metrics as the Collector does by default', () => {
    expect(toPrometheusText(METRICS, RESOURCE, COLLECTOR_NAMES)).toBe(`# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="tributary",host_name="a\\"b"} 1
# HELP otelcol_process_cpu_seconds CPU\\ntime
# TYPE otelcol_process_cpu_seconds counter
otelcol_process_cpu_seconds 1.5
# HELP otelcol_exporter_queue_size Held
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{exporter="otlp",data_type="logs\\\\"} 3
# HELP otelcol_processor_internal_duration Time
# TYPE otelcol_processor_internal_duration histogram
otelcol_processor_internal_duration_bucket{le="1"} 1
otelcol_processor_internal_duration_bucket{le="2"} 1
otelcol_processor_internal_duration_bucket{le="+Inf"} 3
otelcol_processor_internal_duration_sum 6
otelcol_processor_internal_duration_count 3
`);
  });

  it('adds units, type and scope where the configuration leaves them in', () => {
    expect(toPrometheusText(METRICS.slice(0, 1), {}, PROMETHEUS_NAMES)).toContain(
      '\notelcol_process_cpu_seconds_total{otel_scope_name="tributary"} 1.5\n',
    );
    expect(toPrometheusText(METRICS.slice(2, 3), {}, PROMETHEUS_NAMES)).toContain(
      '\n# TYPE otelcol_processor_internal_duration_seconds histogram\n',
    );
  });

  it('carries the resource attributes that are asked for', () => {
    const config = {
      ...COLLECTOR_NAMES,
      with_resource_constant_labels: { included: ['service.*', 'host.name'], excluded: ['host.*'] },
    };
    expect(toPrometheusText(METRICS.slice(0, 1), RESOURCE, config)).toContain(
      '\notelcol_process_cpu_seconds{service_name="tributary"} 1.5\n',
    );
  });
});
