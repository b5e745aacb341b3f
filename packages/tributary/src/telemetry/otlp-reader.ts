import { readFileSync } from 'node:fs';
import { credentials, Metadata } from '@grpc/grpc-js';
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { AggregationTemporalityPreference } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as HttpMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import {
  type AggregationOption,
  AggregationType,
  ConsoleMetricExporter,
  InstrumentType,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { MetricReaderConfig, OtlpReaderConfig } from '@tributary/core';

type PeriodicConfig = NonNullable<MetricReaderConfig['periodic']>;

const TEMPORALITY = {
  cumulative: AggregationTemporalityPreference.CUMULATIVE,
  delta: AggregationTemporalityPreference.DELTA,
  low_memory: AggregationTemporalityPreference.LOWMEMORY,
} as const;

function headersOf(config: OtlpReaderConfig): Record<string, string> {
  const listed = (config.headers_list ?? '')
    .split(',')
    .filter((pair) => pair.includes('='))
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    });
  // The OpenTelemetry configuration data model: `headers` takes precedence over `headers_list`.
  return { ...Object.fromEntries(listed), ...config.headers };
}

function readOptional(file: string | undefined): Buffer | null {
  return file === undefined ? null : readFileSync(file);
}

function grpcExporter(config: OtlpReaderConfig): PushMetricExporter {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headersOf(config))) metadata.set(name, value);
  const isPlain = config.endpoint.startsWith('http://') || config.insecure === true;
  const url = config.endpoint.includes('://')
    ? config.endpoint
    : `${isPlain ? 'http' : 'https'}://${config.endpoint}`;
  return new GrpcMetricExporter({
    url,
    metadata,
    credentials: isPlain
      ? credentials.createInsecure()
      : credentials.createSsl(
          readOptional(config.certificate),
          readOptional(config.client_key),
          readOptional(config.client_certificate),
        ),
    ...compressionOf(config),
    timeoutMillis: config.timeout,
    temporalityPreference: TEMPORALITY[config.temporality_preference],
    aggregationPreference: aggregationOf(config),
  });
}

function httpExporter(config: OtlpReaderConfig): PushMetricExporter {
  const url = config.endpoint.includes('://')
    ? config.endpoint
    : `${config.insecure === true ? 'http' : 'https'}://${config.endpoint}/v1/metrics`;
  return new HttpMetricExporter({
    url,
    headers: headersOf(config),
    ...(config.certificate === undefined
      ? {}
      : {
          httpAgentOptions: {
            ca: readFileSync(config.certificate),
            ...(config.client_key === undefined ? {} : { key: readFileSync(config.client_key) }),
            ...(config.client_certificate === undefined
              ? {}
              : { cert: readFileSync(config.client_certificate) }),
          },
        }),
    ...compressionOf(config),
    timeoutMillis: config.timeout,
    temporalityPreference: TEMPORALITY[config.temporality_preference],
    aggregationPreference: aggregationOf(config),
  });
}

function compressionOf({ compression }: OtlpReaderConfig): { compression?: CompressionAlgorithm } {
  if (compression === undefined) return {};
  return { compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE };
}

function aggregationOf(config: OtlpReaderConfig): (type: InstrumentType) => AggregationOption {
  const isExponential = config.default_histogram_aggregation === 'base2_exponential_bucket_histogram';
  return (type) => ({
    type:
      isExponential && type === InstrumentType.HISTOGRAM
        ? AggregationType.EXPONENTIAL_HISTOGRAM
        : AggregationType.DEFAULT,
  });
}

/**
 * A reader that sends the process's own metrics at intervals.
 * @throws Error when a certificate cannot be read
 */
export function createPeriodicReader(config: PeriodicConfig): MetricReader {
  const { otlp } = config.exporter;
  const exporter =
    otlp === undefined
      ? new ConsoleMetricExporter()
      : otlp.protocol === 'grpc'
        ? grpcExporter(otlp)
        : httpExporter(otlp);
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: config.interval,
    exportTimeoutMillis: Math.min(config.timeout, config.interval),
  });
}
