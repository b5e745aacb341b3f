import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Batch, LogsWriter, MetricsWriter, type Signal, SpansWriter } from '@tributary/core';
import { type Case, type Compression, GZIP_LEVEL, type Work } from './cases.ts';
import type { PodIdentity } from './kubernetes.ts';
import type { PreparedRequest } from './load.ts';

// One resource for each hundred items, as agents that gather from several pods send them.
const ITEMS_PER_RESOURCE = 100;
const START_TIME_UNIX_NANO = 1_760_000_000_000_000_000n;

/** A reproducible stream of numbers below 2^32 (mulberry32), so that every run sends the same bytes. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const random = randomSource(20_251_122);

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}

function pick<T>(values: readonly T[]): T {
  const value = values[random() % values.length];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}

const ROUTES = ['/api/v1/orders/{id}', '/api/v1/customers/{id}/addresses', '/checkout', '/healthz/ready'];
const HOSTS = [
  'checkout.shop.svc.cluster.local',
  'payments.shop.svc.cluster.local',
  'inventory.warehouse.svc',
];

/** What a resource of the request says. */
type ResourceMaker = (index: number) => Record<string, string>;

/** What the SDK in a pod says of itself, with one thing by which the pod is found. */
function resourceOfPod(work: Work, pods: readonly PodIdentity[]): ResourceMaker {
  return () => {
    const { uid, address } = pick(pods);
    return {
      'service.name': 'checkout',
      ...(work === 'k8s-uid' ? { 'k8s.pod.uid': uid } : { 'k8s.pod.ip': address }),
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': '2.2.0',
    };
  };
}

function resourceAttributes(index: number): Record<string, string> {
  return {
    'service.name': `checkout-${index % 7}`,
    'service.namespace': 'shop',
    'service.version': '2.14.3',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': `checkout-7d9f8c5b64-${random().toString(36).slice(0, 5)}`,
    'k8s.pod.uid': '4b2e1f0a-9c3d-4e5f-8a7b-6c5d4e3f2a1b',
    'k8s.node.name': `ip-10-2-${index % 250}-17.eu-central-1.compute.internal`,
    'host.name': `ip-10-2-${index % 250}-17`,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
  };
}

/** What a server span of an HTTP service carries today. A span comes to about 720 bytes. */
function httpAttributes(): Record<string, string | number> {
  const port = 30_000 + (random() % 30_000);
  return {
    'http.request.method': pick(['GET', 'POST', 'PUT']),
    'http.response.status_code': pick([200, 200, 200, 201, 404, 503]),
    'http.route': pick(ROUTES),
    'url.path': `/api/v1/orders/${random()}`,
    'url.scheme': 'https',
    'server.address': pick(HOSTS),
    'server.port': 8443,
    'client.address': `10.2.${random() % 256}.${random() % 256}`,
    'network.peer.address': `10.2.${random() % 256}.${random() % 256}`,
    'network.peer.port': port,
    'network.protocol.version': '1.1',
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    'enduser.id': `user-${random()}`,
    'app.order.id': `${random().toString(16)}-${random().toString(16)}-${random().toString(16)}`,
    'thread.name': `worker-${random() % 16}`,
    'feature_flag.result.variant': pick(['control', 'treatment']),
  };
}

function spans(count: number, resource: ResourceMaker): Batch | undefined {
  const writer = new SpansWriter();
  for (let index = 0; index < count; index += 1) {
    if (index % ITEMS_PER_RESOURCE === 0) {
      writer.resource(resource(index / ITEMS_PER_RESOURCE));
      writer.scope('@opentelemetry/instrumentation-http', '0.57.1');
    }
    const start = START_TIME_UNIX_NANO + BigInt(random());
    writer.span({
      traceId: bytes(16),
      spanId: bytes(8),
      parentSpanId: bytes(8),
      name: `${pick(['GET', 'POST'])} ${pick(ROUTES)}`,
      kind: 2,
      startTimeUnixNano: start,
      endTimeUnixNano: start + BigInt(random() % 50_000_000),
      attributes: httpAttributes(),
      statusCode: 1,
    });
  }
  return writer.finish();
}

/** A log record comes to about 300 bytes. */
function logRecords(count: number, resource: ResourceMaker): Batch | undefined {
  const writer = new LogsWriter();
  for (let index = 0; index < count; index += 1) {
    if (index % ITEMS_PER_RESOURCE === 0) {
      writer.resource(resource(index / ITEMS_PER_RESOURCE));
      writer.scope('com.example.orders.OrderService', '2.14.3');
    }
    const time = START_TIME_UNIX_NANO + BigInt(random());
    writer.record({
      timeUnixNano: time,
      observedTimeUnixNano: time + 1_000_000n,
      severityNumber: 9,
      severityText: 'INFO',
      body: `order ${random()} of customer ${random()} accepted after ${random() % 900} ms`,
      attributes: {
        'http.response.status_code': pick([200, 201, 404]),
        'http.route': pick(ROUTES),
        'thread.name': `worker-${random() % 16}`,
        'code.function.name': 'OrderService.accept',
        'app.order.id': random().toString(16),
      },
      traceId: bytes(16),
      spanId: bytes(8),
    });
  }
  return writer.finish();
}

/** Sums of ten data points each; a point comes to about 170 bytes. */
function dataPoints(count: number, resource: ResourceMaker): Batch | undefined {
  const pointsPerMetric = 10;
  const writer = new MetricsWriter();
  for (let index = 0; index < count; index += pointsPerMetric) {
    if (index % ITEMS_PER_RESOURCE === 0) {
      writer.resource(resource(index / ITEMS_PER_RESOURCE));
      writer.scope('@opentelemetry/instrumentation-http', '0.57.1');
    }
    writer.metric({
      type: 'sum',
      name: `http.server.request.count.${index % 70}`,
      description: 'Requests that the server answered',
      unit: '{request}',
      isMonotonic: true,
      aggregationTemporality: 2,
      dataPoints: Array.from({ length: pointsPerMetric }, () => ({
        startTimeUnixNano: START_TIME_UNIX_NANO,
        timeUnixNano: START_TIME_UNIX_NANO + BigInt(random()),
        value: random() % 100_000,
        attributes: {
          'http.request.method': pick(['GET', 'POST', 'PUT']),
          'http.response.status_code': pick([200, 201, 404, 503]),
          'http.route': pick(ROUTES),
          'server.address': pick(HOSTS),
        },
      })),
    });
  }
  return writer.finish();
}

const MAKERS: Readonly<Record<Signal, (count: number, resource: ResourceMaker) => Batch | undefined>> = {
  traces: spans,
  metrics: dataPoints,
  logs: logRecords,
};

const COMPRESSORS: Readonly<Record<Compression, (body: Uint8Array) => Uint8Array>> = {
  none: (body) => body,
  gzip: (body) => gzipSync(body, { level: GZIP_LEVEL }),
  zstd: (body) => zstdCompressSync(body),
};

const prepared = new Map<string, PreparedRequest>();

/** The uncompressed request of a signal with `count` items of realistic size. */
export function requestBytes(
  signal: Signal,
  count: number,
  resource: ResourceMaker = resourceAttributes,
): Uint8Array {
  const batch = MAKERS[signal](count, resource);
  if (batch === undefined) throw new RangeError(`no items for ${count}`);
  return batch.toBytes();
}

/** A request of a signal, made and compressed once and sent as often as is wanted. */
export function prepareRequest(signal: Signal, count: number, compression: Compression): PreparedRequest {
  return prepare(`${signal}/${count}/${compression}`, signal, count, compression, resourceAttributes);
}

/** The request of a case; `pods` are those that its resources come from, where the case is about pods. */
export function requestOf(it: Case, pods: readonly PodIdentity[]): PreparedRequest {
  const { signal, itemsPerRequest, compression, work } = it;
  if (pods.length === 0) return prepareRequest(signal, itemsPerRequest, compression);
  const key = `${signal}/${itemsPerRequest}/${compression}/${work}`;
  return prepare(key, signal, itemsPerRequest, compression, resourceOfPod(work, pods));
}

function prepare(
  key: string,
  signal: Signal,
  count: number,
  compression: Compression,
  resource: ResourceMaker,
): PreparedRequest {
  const found = prepared.get(key);
  if (found !== undefined) return found;
  const body = COMPRESSORS[compression](requestBytes(signal, count, resource));
  const request: PreparedRequest = { signal, encoding: compression, body, items: count };
  prepared.set(key, request);
  return request;
}
