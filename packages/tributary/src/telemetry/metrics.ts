import {
  PipelineError,
  type SeriesAttributes,
  type TelemetryConfig,
  type TelemetryRegistry,
} from '@tributary/core';
import { PrometheusServer } from './prometheus.ts';

/** The running export of the process's own metrics. */
export interface MetricsExport {
  /** The addresses that metrics are served on, for the log. */
  readonly addresses: readonly string[];
  /** Sends what is not yet sent and stops. */
  shutdown(): Promise<void>;
}

type ReaderConfig = TelemetryConfig['metrics']['readers'][number];

/** Starts the reader at one place of the list; its errors name that place. */
async function atPlace<T>(index: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PipelineError(
      'COMPONENT_START',
      `service::telemetry::metrics::readers::${index}: ${reason}. Choose another address, or set service::telemetry::metrics::level: none.`,
      { cause: error },
    );
  }
}

async function startPeriodic(
  readers: readonly (readonly [number, NonNullable<ReaderConfig['periodic']>])[],
  resource: SeriesAttributes,
  registry: TelemetryRegistry,
): Promise<() => Promise<void>> {
  if (readers.length === 0) return async () => undefined;
  // The OpenTelemetry SDK and its exporters cost memory; they are loaded only where a configuration asks for them.
  const [{ createPeriodicReader }, { MeterProvider }, { resourceFromAttributes }] = await Promise.all([
    import('./otlp-reader.ts'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
  ]);
  const created = await Promise.all(
    readers.map(([index, config]) => atPlace(index, async () => createPeriodicReader(config))),
  );
  const provider = new MeterProvider({ resource: resourceFromAttributes({ ...resource }), readers: created });
  const unbind = registry.bind(provider.getMeter('tributary'));
  return async () => {
    await provider.shutdown();
    unbind();
  };
}

/**
 * Starts the readers of `service::telemetry::metrics` over everything that the registry counts.
 * @throws PipelineError `COMPONENT_START` when an address is taken or a certificate cannot be read
 */
export async function startMetrics(
  config: TelemetryConfig['metrics'],
  resource: SeriesAttributes,
  registry: TelemetryRegistry,
): Promise<MetricsExport> {
  if (config.level === 'none') return { addresses: [], shutdown: async () => undefined };
  const servers: PrometheusServer[] = [];
  const closeServers = () => Promise.all(servers.map((server) => server.close()));
  try {
    const addresses: string[] = [];
    const periodic: [number, NonNullable<ReaderConfig['periodic']>][] = [];
    for (const [index, reader] of config.readers.entries()) {
      if (reader.periodic !== undefined) periodic.push([index, reader.periodic]);
      if (reader.pull === undefined) continue;
      const server = new PrometheusServer(reader.pull.exporter.prometheus, resource, registry);
      addresses.push(await atPlace(index, () => server.listen()));
      servers.push(server);
    }
    const stopPeriodic = await startPeriodic(periodic, resource, registry);
    return {
      addresses,
      shutdown: async () => {
        await Promise.all([closeServers(), stopPeriodic()]);
      },
    };
  } catch (error) {
    await closeServers();
    throw error;
  }
}
