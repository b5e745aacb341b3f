import { createServer, type Server } from 'node:net';
import { type Host, PipelineError, type Status, type StatusEvent } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { healthCheckConfigSchema } from '../src/config.ts';
import { HealthCheck } from '../src/health-check.ts';

/** A host whose readiness and component states a test decides. */
class TestHost implements Host {
  isReady = false;
  readonly #statuses = new Map<string, StatusEvent>();
  readonly #listeners = new Set<(id: string, event: StatusEvent) => void>();

  report(id: string, status: Status, timeUnixMs = Date.now()): void {
    const event = { status, timeUnixMs };
    this.#statuses.set(id, event);
    for (const listener of this.#listeners) listener(id, event);
  }

  extension(): undefined {
    return undefined;
  }

  onStatus(listener: (id: string, event: StatusEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  statuses(): ReadonlyMap<string, StatusEvent> {
    return this.#statuses;
  }
}

const started: HealthCheck[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const check of started.splice(0)) await check.shutdown();
  for (const server of servers.splice(0)) server.close();
});

async function start(block: object = {}, host = new TestHost()) {
  const config = healthCheckConfigSchema.parse({ endpoint: '127.0.0.1:0', ...block });
  const settings = testSettings({ kind: 'extension', id: 'health_check' });
  const check = new HealthCheck(settings, config);
  started.push(check);
  await check.start(host);
  const { address } = check;
  if (address?.kind !== 'tcp') throw new Error('not listening');
  const get = async (path = '/', init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${address.port}${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    };
  };
  return { check, host, settings, get, port: address.port };
}

const UNAVAILABLE = {
  status: 503,
  type: 'application/json',
  body: '{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}',
};

describe('the health check', () => {
  it('answers 503 until the service is ready, 200 while it is, and 503 from the beginning of its shutdown', async () => {
    const { host, get } = await start();
    expect(await get()).toEqual(UNAVAILABLE);

    const readyUnixMs = Date.now() - 90_500;
    host.report('receiver:otlp', 'ok', readyUnixMs);
    host.isReady = true;
    const { status, type, body } = await get();
    expect([status, type]).toEqual([200, 'application/json']);
    const { uptime, ...rest } = JSON.parse(body) as Record<string, string>;
    expect(rest).toEqual({ status: 'Server available', upSince: new Date(readyUnixMs).toISOString() });
    expect(uptime).toMatch(/^1m3[0-9](\.[0-9]+)?s$/);

    host.isReady = false;
    expect(await get()).toEqual(UNAVAILABLE);
  });

  it('is not moved by states of components that come later', async () => {
    const { host, get } = await start();
    host.report('receiver:otlp', 'ok', 1000);
    host.isReady = true;
    host.report('exporter:otlp', 'recoverable_error', 2000);
    host.report('exporter:otlp', 'permanent_error', 3000);
    const { status, body } = await get();
    expect([status, JSON.parse(body).upSince]).toEqual([200, '1970-01-01T00:00:01.000Z']);
  });

  it.each(['GET', 'POST', 'PUT', 'OPTIONS'])('answers %s alike, and does not read a body', async (method) => {
    const { host, get } = await start();
    const body = method === 'GET' ? undefined : 'x'.repeat(100_000);
    expect(await get('/', { method, ...(body === undefined ? {} : { body }) })).toEqual(UNAVAILABLE);
    host.isReady = true;
    expect((await get('/', { method })).status).toBe(200);
  });

  it.each([
    ['/', '/', true],
    ['/', '/anything?x=1', true],
    ['/health', '/health', true],
    ['/health', '/health?verbose', true],
    ['/health', '/health/', false],
    ['/health', '/', false],
    ['/health/', '/health/live', true],
    ['/health/', '/health', false],
  ])('with the path %s answers %s: %s', async (path, requested, isKnown) => {
    const { get } = await start({ path });
    expect(await get(requested)).toEqual(
      isKnown
        ? UNAVAILABLE
        : { status: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' },
    );
  });

  it('gives the fixed bodies', async () => {
    const { host, get } = await start({ response_body: { healthy: 'I am good', unhealthy: 'I am bad' } });
    expect(await get()).toEqual({ status: 503, type: 'text/plain; charset=utf-8', body: 'I am bad' });
    host.isReady = true;
    expect(await get()).toEqual({ status: 200, type: 'text/plain; charset=utf-8', body: 'I am good' });
  });

  it('gives empty bodies where only response_body is named', async () => {
    const { get } = await start({ response_body: {} });
    expect(await get()).toEqual({ status: 503, type: null, body: '' });
  });

  it('adds the response headers', async () => {
    const { port } = await start({ response_headers: { 'x-probe': 'yes' } });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.headers.get('x-probe')).toBe('yes');
    await response.text();
  });

  it('says that check_collector_pipeline has no effect', async () => {
    const { settings } = await start({ check_collector_pipeline: { enabled: true } });
    expect(settings.logs.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: 'check_collector_pipeline has no effect: use component_health', fields: {} },
    ]);
  });

  it('says what to do when the address is taken', async () => {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as { port: number };
    const error = await start({ endpoint: `127.0.0.1:${port}` }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({
      code: 'COMPONENT_START',
      message:
        `extensions::health_check::endpoint: cannot listen on "127.0.0.1:${port}" (EADDRINUSE). ` +
        'Choose another address, or end what listens there.',
    });
  });
});

describe('component_health', () => {
  const RECOVERY_MS = 60_000;

  it.each<[string, object, Status, number, number]>([
    ['a permanent error counts', { include_permanent_errors: true }, 'permanent_error', 0, 503],
    ['a fatal error counts with it', { include_permanent_errors: true }, 'fatal_error', 0, 503],
    ['a recoverable error may recover', { include_recoverable_errors: true }, 'recoverable_error', 1000, 200],
    [
      'a recoverable error that lasts counts',
      { include_recoverable_errors: true },
      'recoverable_error',
      RECOVERY_MS,
      503,
    ],
    [
      'permanent errors do not count',
      { include_recoverable_errors: true },
      'permanent_error',
      RECOVERY_MS,
      200,
    ],
    [
      'recoverable errors do not count',
      { include_permanent_errors: true },
      'recoverable_error',
      RECOVERY_MS,
      200,
    ],
  ])('%s (%j, %s)', async (_, rules, status, sinceMs, expected) => {
    const { host, get } = await start({ component_health: { ...rules, recovery_duration: '1m' } });
    host.isReady = true;
    host.report('exporter:otlp', status, Date.now() - sinceMs);
    expect((await get()).status).toBe(expected);
    host.report('exporter:otlp', 'ok');
    expect((await get()).status).toBe(200);
  });
});
