import { createServer, type Server, type ServerResponse } from 'node:http';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  DataPointType,
  type MetricData,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { MetricReaderConfig } from '@tributary/core';

type PrometheusConfig = NonNullable<MetricReaderConfig['pull']>['exporter']['prometheus'];

/** The words that Prometheus uses for the units that our metrics have. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes' };

/** What a metric is called in Prometheus under the configuration's naming options, without histogram suffixes. */
function suffixedName(metric: MetricData, config: PrometheusConfig): string {
  const name = metric.descriptor.name;
  const unit = config.without_units ? undefined : UNIT_SUFFIXES[metric.descriptor.unit];
  const withUnit = unit === undefined || name.endsWith(`_${unit}`) ? name : `${name}_${unit}`;
  const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  return isCounter && !config.without_type_suffix ? `${withUnit}_total` : withUnit;
}

/**
 * The text exposition of everything collected. The SDK's serializer always ends counters in `_total` and never adds
 * units; the Collector's dashboards expect what its options say, so the names are set here and the ending that the
 * serializer adds is taken off again.
 */
export function toPrometheusText(collected: ResourceMetrics, config: PrometheusConfig): string {
  const strip = new Set<string>();
  const scopeMetrics = collected.scopeMetrics.map((scope) => ({
    ...scope,
    metrics: scope.metrics.map((metric) => {
      const name = suffixedName(metric, config);
      const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
      if (isCounter && !name.endsWith('_total')) strip.add(`${name}_total`);
      return { ...metric, descriptor: { ...metric.descriptor, name } };
    }),
  }));
  const { included } = config.with_resource_constant_labels ?? {};
  const labels = included === undefined ? undefined : wildcardPattern(included);
  const serializer = new PrometheusSerializer('', false, labels, false, config.without_scope_info);
  const text = serializer.serialize({ ...collected, scopeMetrics });
  return text.replace(
    /^(# (?:HELP|TYPE|UNIT) )?([A-Za-z_:][\w:]*)/gm,
    (all, prefix: string | undefined, name: string) =>
      strip.has(name) ? `${prefix ?? ''}${name.slice(0, -'_total'.length)}` : all,
  );
}

function wildcardPattern(patterns: readonly string[]): RegExp {
  const alternatives = patterns.map((pattern) =>
    pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
  return new RegExp(`^(?:${alternatives.join('|')})$`);
}

/** Serves the process's own metrics to Prometheus at `/metrics`. */
export class PrometheusReader extends MetricReader {
  readonly #config: PrometheusConfig;
  readonly #server: Server;

  constructor(config: PrometheusConfig) {
    super();
    this.#config = config;
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/metrics' || path === '/') void this.#answer(response);
      else response.writeHead(404, { 'content-type': 'text/plain' }).end('404 not found, try /metrics\n');
    });
  }

  /**
   * Begins to listen.
   * @throws Error when the address is taken
   */
  listen(): Promise<void> {
    const { host, port } = this.#config;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** The port that it listens on. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async #answer(response: ServerResponse): Promise<void> {
    try {
      const { resourceMetrics } = await this.collect();
      const body = toPrometheusText(resourceMetrics, this.#config);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`);
    }
  }

  protected override onShutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.closeAllConnections();
      this.#server.close(() => resolve());
    });
  }

  protected override async onForceFlush(): Promise<void> {}
}
