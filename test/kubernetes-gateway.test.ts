/** configs/kubernetes-gateway.yaml as it runs in a cluster: with a real API server, an agent that sends, and a backend. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Batch,
  EVENT_NETWORK_FLOW,
  type LogRecord,
  LogsWriter,
  loadConfig,
  type Metric,
  Registry,
  Service,
  type SIGNALS,
  TelemetryRegistry,
} from '@tributary/core';
import { type ControlPlane, kubernetesProblems, startControlPlane } from '@tributary/lab';
import { otlpReceiver } from '@tributary/receiver-otlp';
import { captureLogger, nopHost, type Sink, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const LIMIT = 180_000;
const WAIT = { timeout: 60_000, interval: 100 };
const SERVICE = '/api/v1/namespaces/shop/services/payments';
const problems = kubernetesProblems();
const folder = mkdtempSync(path.join(tmpdir(), 'tributary-gateway-'));

let api: ControlPlane;
let backend: Sink;
let gateway: string;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  if (problems.length > 0) return;
  api = await startControlPlane();
  stops.push(() => api.stop());
  await api.namespace('shop');
  await makePod('checkout-0', '10.2.7.31');
  await makePod('payments-0', '10.2.7.32');
  await api.apply(SERVICE, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'payments', namespace: 'shop' } },
    spec: { clusterIP: '10.96.0.17', ports: [{ port: 443 }] },
  });
  backend = sink();
  gateway = await startGateway(await startBackend(backend));
}, LIMIT);

beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}, LIMIT);

async function makePod(name: string, ip: string): Promise<void> {
  const pods = '/api/v1/namespaces/shop/pods';
  const spec = { nodeName: 'node-1', containers: [{ name: 'app', image: 'shop/app:1' }] };
  await api.request('POST', pods, { metadata: { name }, spec });
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
  await api.request(
    'PATCH',
    `${pods}/${name}/status`,
    { status },
    { contentType: 'application/merge-patch+json' },
  );
}

/** Where a server listens, as it logged it. */
function listening(logs: readonly { readonly message: string; readonly fields: object }[]): string[] {
  return logs
    .filter(({ message }) => message === 'listening')
    .map(({ fields }) => String((fields as { endpoint: unknown }).endpoint));
}

async function startBackend(taken: Sink): Promise<string> {
  const settings = testSettings({ id: 'otlp' });
  const config = otlpReceiver.configSchema.parse({ protocols: { grpc: { endpoint: '127.0.0.1:0' } } });
  const receiver = otlpReceiver.create(settings, config, signalConsumer(taken));
  await receiver.start?.(nopHost());
  stops.push(() => receiver.shutdown?.());
  return listening(settings.logs)[0]!;
}

/** Runs the configuration; only where it listens, how it authenticates and how often it tells are a test's. */
async function startGateway(backendAddress: string): Promise<string> {
  const overrides = path.join(folder, 'test.yaml');
  const receivers = {
    otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } } },
    k8s: { auth_type: 'kubeConfig', kube_config_path: api.kubeConfig(), metrics: { interval: '1s' } },
  };
  const extensions = { health_check: { endpoint: '127.0.0.1:0' } };
  writeFileSync(
    overrides,
    JSON.stringify({ receivers, extensions, connectors: { flowmetrics: { interval: '1s' } } }),
  );
  const { config } = await loadConfig({
    uris: [path.resolve(import.meta.dirname, '../configs/kubernetes-gateway.yaml'), overrides],
    registry: new Registry(BUILTIN_FACTORIES),
    env: { OTLP_ENDPOINT: backendAddress, OTLP_INSECURE: 'true' },
  });
  const { logger, lines } = captureLogger();
  const service = Service.create(config, { logger, telemetry: new TelemetryRegistry(), version: '1.2.3' });
  stops.push(() => service.shutdown());
  await service.start();
  const http = lines.find(
    ({ message, fields }) => message === 'listening' && JSON.stringify(fields).includes('http'),
  );
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  return String(http?.fields['endpoint']);
}

/** A flow as an agent sends it that knows nothing of either end. */
function flow(destination: string, port: number): Batch {
  const writer = new LogsWriter();
  writer.resource({ 'host.name': 'node-1' });
  writer.record({
    timeUnixNano: BigInt(Date.now()) * 1_000_000n,
    eventName: EVENT_NETWORK_FLOW,
    attributes: {
      ...{
        'network.transport': 'tcp',
        'network.type': 'ipv4',
        'flow.observer': 'source',
        'flow.state': 'closed',
      },
      ...{ 'source.address': '10.2.7.31', 'source.port': 41_022 },
      ...{ 'destination.address': destination, 'destination.port': port, 'flow.end_reason': 'closed' },
      ...{ 'flow.source.bytes': 100, 'flow.destination.bytes': 2000 },
      ...{ 'flow.connect_duration': 0.0005, 'flow.duration': 0.01 },
    },
  });
  return writer.finish()!;
}

async function send(batch: Batch): Promise<void> {
  const response = await fetch(`http://${gateway}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(batch.toBytes()),
  });
  expect(response.status).toBe(200);
}

const records = <T>(signal: (typeof SIGNALS)[number]): T[] =>
  backend.batches.filter((batch) => batch.signal === signal).flatMap((batch) => [...batch.records()] as T[]);

describe('the gateway of a cluster', () => {
  it(
    'says who is at both ends of a flow that an agent could not name',
    async () => {
      await send(flow('10.2.7.32', 8443));
      const found = () =>
        records<LogRecord>('logs')
          .filter(({ eventName }) => eventName === EVENT_NETWORK_FLOW)
          .map(({ attributes }) => attributes.toObject());
      await expect.poll(found, WAIT).toMatchObject([
        {
          'source.k8s.pod.name': 'checkout-0',
          'source.k8s.namespace.name': 'shop',
          'source.match': 'pod_ip',
          'destination.k8s.pod.name': 'payments-0',
          'destination.match': 'pod_ip',
        },
      ]);
    },
    LIMIT,
  );

  it(
    'makes metrics of flows, and tells how the cluster is',
    async () => {
      const names = () => [...new Set(records<Metric>('metrics').map(({ name }) => name))];
      await expect
        .poll(names, WAIT)
        .toEqual(
          expect.arrayContaining([
            'network.flow.io',
            'network.flow.connections',
            'k8s.pod.status.phase',
            'k8s.namespace.phase',
          ]),
        );
    },
    LIMIT,
  );

  it(
    'tells of objects and Events as logs',
    async () => {
      await api.request('POST', '/api/v1/namespaces/shop/events', {
        metadata: { name: 'e', namespace: 'shop' },
        involvedObject: { kind: 'Pod', namespace: 'shop', name: 'checkout-0' },
        ...{
          reason: 'Tested',
          message: 'it was tested',
          type: 'Normal',
          lastTimestamp: new Date().toISOString(),
        },
      });
      await expect
        .poll(() => records<LogRecord>('logs').map(({ body }) => body), WAIT)
        .toContain('it was tested');
      const types = () =>
        records<LogRecord>('logs').map(({ attributes }) => attributes.get('otel.entity.type'));
      await expect
        .poll(types, WAIT)
        .toEqual(expect.arrayContaining(['k8s.pod', 'k8s.service', 'k8s.namespace']));
    },
    LIMIT,
  );
});
