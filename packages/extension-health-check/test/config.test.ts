import { describe, expect, it } from 'vitest';
import { healthCheckExtension } from '../src/index.ts';

describe('the settings of the health check', () => {
  it('default to loopback, the root path and the readiness of the service alone', () => {
    expect(healthCheckExtension.configSchema.parse({})).toMatchObject({
      endpoint: 'localhost:13133',
      path: '/',
      check_collector_pipeline: { enabled: false, interval: 300_000, exporter_failure_threshold: 5 },
      component_health: {
        include_permanent_errors: false,
        include_recoverable_errors: false,
        recovery_duration: 300_000,
      },
    });
  });

  it("take the Collector's examples", () => {
    expect(() =>
      healthCheckExtension.configSchema.parse({
        endpoint: 'localhost:13',
        tls: { cert_file: '/path/to/cert.crt', key_file: '/path/to/key.key' },
        path: '/health/status',
        response_body: { healthy: 'I am good', unhealthy: 'I am bad' },
        check_collector_pipeline: { enabled: false, interval: '5m', exporter_failure_threshold: 5 },
      }),
    ).not.toThrow();
  });

  it('name every problem', () => {
    const result = healthCheckExtension.configSchema.safeParse({
      path: 'health',
      check_collector_pipeline: { interval: '5', exporter_failure_threshold: 0 },
      response: {},
    });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'path: expected a path that begins with "/"',
      'check_collector_pipeline::interval: expected a duration with a unit, such as "10s", "200ms" or "1m30s"',
      'check_collector_pipeline::exporter_failure_threshold: Too small: expected number to be >=1',
      ': Unrecognized key: "response"',
    ]);
  });

  it('refuse an endpoint that is none', () => {
    const result = healthCheckExtension.configSchema.safeParse({ endpoint: 'localhost' });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'endpoint: expected an address to listen on, such as "localhost:4317", "0.0.0.0:4317" or "[::1]:4317"',
    ]);
  });
});
