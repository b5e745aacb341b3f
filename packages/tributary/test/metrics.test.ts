import { TelemetryRegistry, telemetryConfigSchema } from '@tributary/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type MetricsExport, startMetrics } from '../src/telemetry/metrics.ts';

function config(metrics: unknown) {
  return telemetryConfigSchema.parse({ metrics }).metrics;
}

const running: MetricsExport[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.shutdown()));
});

async function start(registry: TelemetryRegistry, metrics: unknown): Promise<MetricsExport> {
  const started = await startMetrics(config(metrics), { 'service.name': 'tributary' }, registry);
  running.push(started);
  return started;
}

const ON_ANY_PORT = { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: 0 } } } }] };

describe('startMetrics', () => {
  it('serves what the registry counts, and nothing else', async () => {
    const registry = new TelemetryRegistry();
    registry.component('receiver', 'otlp').counter('otelcol_test', { description: 'Test', unit: '1' }).add(2);
    const { addresses } = await start(registry, ON_ANY_PORT);
    const answer = await fetch(`http://${addresses[0]}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain(
      '\notelcol_test_total{receiver="otlp",otel_scope_name="tributary"} 2\n',
    );
    const other = await fetch(`http://${addresses[0]}/`);
    expect([other.status, await other.text()]).toStrictEqual([404, '404 not found, try /metrics\n']);
  });

  it('names the reader whose address is taken', async () => {
    const { addresses } = await start(new TelemetryRegistry(), ON_ANY_PORT);
    const port = Number(addresses[0]?.split(':')[1]);
    const taken = { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port } } } }] };
    await expect(start(new TelemetryRegistry(), taken)).rejects.toThrow(
      `service::telemetry::metrics::readers::0: listen EADDRINUSE: address already in use 127.0.0.1:${port}. ` +
        'Choose another address, or set service::telemetry::metrics::level: none.',
    );
  });

  it('opens nothing at level none', async () => {
    expect((await start(new TelemetryRegistry(), { level: 'none' })).addresses).toStrictEqual([]);
  });
});
