import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MetricReader } from '@opentelemetry/sdk-metrics';
import { PipelineError, type TelemetryConfig, type TelemetryRegistry } from '@tributary/core';
import { PrometheusReader } from './prometheus.ts';

/** The running export of the process's own metrics. */
export interface MetricsExport {
  /** The addresses that metrics are served on, for the log. */
  readonly addresses: readonly string[];
  /** Sends what is not yet sent and stops. */
  shutdown(): Promise<void>;
}

async function createReader(config: TelemetryConfig['metrics']['readers'][number]): Promise<MetricReader> {
  if (config.pull !== undefined) return new PrometheusReader(config.pull.exporter.prometheus);
  if (config.periodic === undefined) throw new TypeError('a reader is either pull or periodic');
  // The OTLP exporters of the SDK cost memory; they are loaded only where a configuration asks for them.
  const { createPeriodicReader } = await import('./otlp-reader.ts');
  return createPeriodicReader(config.periodic);
}

/**
 * Starts the readers of `service::telemetry::metrics` over everything that the registry counts.
 * @throws PipelineError `COMPONENT_START` when an address is taken or a certificate cannot be read
 */
export async function startMetrics(
  config: TelemetryConfig['metrics'],
  resource: Readonly<Record<string, string | number | boolean>>,
  registry: TelemetryRegistry,
): Promise<MetricsExport> {
  if (config.level === 'none') return { addresses: [], shutdown: async () => undefined };
  const readers: MetricReader[] = [];
  const addresses: string[] = [];
  try {
    for (const [index, readerConfig] of config.readers.entries()) {
      try {
        const reader = await createReader(readerConfig);
        readers.push(reader);
        if (reader instanceof PrometheusReader) {
          await reader.listen();
          addresses.push(`${readerConfig.pull?.exporter.prometheus.host}:${reader.port}`);
        }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new PipelineError(
          'COMPONENT_START',
          `service::telemetry::metrics::readers::${index}: ${reason}. Choose another address, or set service::telemetry::metrics::level: none`,
          { cause: error },
        );
      }
    }
  } catch (error) {
    await Promise.allSettled(readers.map((reader) => reader.shutdown()));
    throw error;
  }
  const provider = new MeterProvider({ resource: resourceFromAttributes({ ...resource }), readers });
  const unbind = registry.bind(provider.getMeter('tributary'));
  return {
    addresses,
    shutdown: async () => {
      await provider.shutdown();
      unbind();
    },
  };
}
