import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { addressKey, Context, endpointKey, type KubeService, type Pod, parsePrefix } from '@tributary/core';
import { nopHost, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { healthCheckConfigSchema } from '../src/config.ts';
import { HealthCheck } from '../src/health-check.ts';

const checks: HealthCheck[] = [];

afterEach(async () => {
  for (const check of checks.splice(0)) await check.shutdown();
});

const T0 = Date.parse('2026-08-01T10:00:00Z');
const OUTSIDE = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

function pod(name: string, uid: string): Pod {
  return {
    kind: 'pod',
    revision: 0,
    uid,
    name,
    namespace: 'shop',
    nodeName: 'node-3',
    hostName: name,
    createdSeconds: T0 / 1000,
    startTime: '2026-08-01T10:00:00Z',
    addresses: ['10.2.7.31'],
    hostNetwork: false,
    owner: { kind: 'ReplicaSet', name: 'checkout-7d9f', uid: 'rs-1' },
    labels: ['app', 'checkout'],
    annotations: [],
    containers: [
      {
        kind: 'container',
        revision: 0,
        name: 'app',
        id: 'abc',
        image: 'shop/checkout:1',
        imageId: '',
        restartCount: 2,
        pod: undefined,
        labels: [],
      },
    ],
  };
}

const CHECKOUT = {
  kind: 'pod',
  name: 'checkout-7d9f-x',
  namespace: 'shop',
  uid: 'uid-a',
  node: 'node-3',
  owners: ['ReplicaSet/checkout-7d9f', 'Deployment/checkout'],
  addresses: ['10.2.7.31'],
  host_network: false,
  start_time: '2026-08-01T10:00:00Z',
  labels: { app: 'checkout' },
  containers: [{ name: 'app', id: 'abc', image: 'shop/checkout:1', restart_count: 2 }],
};

/** 10.2.7.31 was `uid-a`'s for ten seconds, is `uid-b`'s since 20 seconds, and both claim it in the last of the ten. */
function knowing(): Context {
  const context = new Context();
  const address = addressKey('10.2.7.31')!;
  const first = pod('checkout-7d9f-x', 'uid-a');
  const second = pod('cart-0', 'uid-b');
  context.workloads.claim(
    'rs-1',
    {
      kind: 'workload',
      revision: 0,
      type: 'ReplicaSet',
      uid: 'rs-1',
      name: 'checkout-7d9f',
      namespace: 'shop',
      owner: { kind: 'Deployment', name: 'checkout', uid: 'dep-1' },
      labels: [],
      annotations: [],
    },
    T0,
  );
  context.addresses.claim(address, first, T0);
  context.addresses.release(address, first, T0 + 10_000);
  context.addresses.claim(address, second, T0 + 9000);
  context.pods.claim('uid-a', first, T0);
  context.podNames.claim('shop/checkout-7d9f-x', first, T0);
  return context;
}

async function start(context: Context, block: object = {}) {
  const config = healthCheckConfigSchema.parse({
    endpoint: '127.0.0.1:0',
    context: { enabled: true },
    ...block,
  });
  const check = new HealthCheck(testSettings({ kind: 'extension', id: 'health_check', context }), config);
  checks.push(check);
  await check.start(nopHost());
  const { address } = check;
  if (address?.kind !== 'tcp') throw new Error('not listening');
  const { port } = address;
  const get = (
    query: string,
    options: { host?: string; headers?: Record<string, string>; method?: string } = {},
  ) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const { host = '127.0.0.1', ...rest } = options;
      request({ host, port, path: `/context${query}`, agent: false, ...rest }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, body }));
      })
        .on('error', reject)
        .end();
    });
  return { get, ask: async (query: string) => JSON.parse((await get(query)).body) };
}

describe('GET /context', () => {
  it('tells who held an address at a time, and who else did and when', async () => {
    const { ask } = await start(knowing());
    const { at, found } = await ask('?address=10.2.7.31&at=2026-08-01T10:00:05Z');
    expect(at).toBe('2026-08-01T10:00:05.000Z');
    expect(found).toEqual([
      {
        table: 'addresses',
        key: '10.2.7.31',
        held: CHECKOUT,
        is_ambiguous: false,
        claims: [
          {
            from: '2026-08-01T10:00:09.000Z',
            to: null,
            value: { ...CHECKOUT, name: 'cart-0', uid: 'uid-b' },
          },
          { from: '2026-08-01T10:00:00.000Z', to: '2026-08-01T10:00:10.000Z', value: CHECKOUT },
        ],
      },
    ]);
  });

  it('says that there is no answer where two claim the address', async () => {
    const { ask } = await start(knowing());
    const { found } = await ask(`?address=10.2.7.31&at=${T0 + 9500}`);
    expect(found).toMatchObject([{ held: null, is_ambiguous: true }]);
  });

  it.each([
    ['?pod=uid-a', 'pods'],
    ['?pod=shop/checkout-7d9f-x', 'pod_names'],
    ['?workload=rs-1', 'workloads'],
  ])('finds %s in %s', async (query, table) => {
    const { ask } = await start(knowing());
    expect((await ask(query)).found).toMatchObject([{ table, is_ambiguous: false }]);
  });

  it('tells of Services at a port and of the ranges around an address', async () => {
    const context = new Context();
    const service: KubeService = {
      kind: 'service',
      revision: 0,
      uid: 'svc-1',
      name: 'payments',
      namespace: 'shop',
      type: 'ClusterIP',
      clusterIps: ['10.96.0.17'],
      externalAddresses: [],
      ports: [{ name: '', port: 443, transport: 'tcp', nodePort: 0, targetPort: 8443 }],
      labels: [],
      annotations: [],
      selectors: [],
      backends: [{ address: '10.2.9.1', podUid: 'uid-p', nodeName: 'node-3', zone: 'b' }],
      backendsSince: T0,
    };
    context.endpoints.claim(endpointKey(addressKey('10.96.0.17')!, 443, 'tcp'), service, T0);
    context.ranges.claim(
      parsePrefix('10.96.0.0/16')!,
      { kind: 'described', revision: 0, attributes: { 'owner.team': 'platform', serial: 2n ** 60n } },
      Number.NEGATIVE_INFINITY,
    );
    const { ask } = await start(context);
    expect((await ask('?address=10.96.0.17&port=443')).found).toMatchObject([
      { table: 'endpoints', key: '10.96.0.17 443/tcp', held: { name: 'payments', backend_count: 1 } },
      {
        table: 'ranges',
        key: '10.96.0.0/16',
        held: { attributes: { 'owner.team': 'platform', serial: '1152921504606846976' } },
        claims: [{ from: null, to: null }],
      },
    ]);
    expect((await ask('?address=10.96.0.17&port=443&transport=udp')).found).toMatchObject([
      { table: 'ranges' },
    ]);
  });

  it('tells what the sources are and how the tables are used, and counts as no question', async () => {
    const context = knowing();
    context.source('k8s pods').current();
    const { ask } = await start(context);
    await ask('?address=192.0.2.1');
    const { sources, tables, found } = await ask('?address=192.0.2.1');
    expect(found).toEqual([]);
    expect(sources).toMatchObject([{ name: 'k8s pods', state: 'current' }]);
    expect(tables.addresses).toEqual({ claims: 2, misses: 0, ambiguous: 0, evicted: 0, refused: 0 });
  });

  it.each([
    ['?at=1785578405', '2026-08-01T10:00:05.000Z'],
    ['?at=1785578405000', '2026-08-01T10:00:05.000Z'],
    ['?at=1785578405000000000', '2026-08-01T10:00:05.000Z'],
  ])('reads the time of %s', async (query, at) => {
    const { ask } = await start(knowing());
    expect((await ask(`${query}&address=10.2.7.31`)).at).toBe(at);
  });

  it.each([
    [
      '',
      'expected one of address, container, cgroup, pod, node, namespace, workload (found none), as in /context?address=10.2.7.31.',
    ],
    [
      '?pod=a&node=b',
      'expected one of address, container, cgroup, pod, node, namespace, workload (found pod and node), as in /context?address=10.2.7.31.',
    ],
    [
      '?adress=10.2.7.31',
      'there is no parameter "adress". There are address, container, cgroup, pod, node, namespace, workload, at, port, transport, client.',
    ],
    [
      '?address=10.2.7.31&at=yesterday',
      'at: expected a time such as 2026-08-01T10:00:00Z, or the seconds, milliseconds or nanoseconds since 1970 (found "yesterday").',
    ],
    ['?address=10.2.7.31&port=http', 'port: expected a number (found "http").'],
    ['?address=10.2.7.31&transport=quic', 'transport: expected tcp, udp, sctp (found "quic").'],
  ])('refuses %j and says why', async (query, text) => {
    const { get } = await start(knowing());
    expect(await get(query)).toEqual({ status: 400, body: `/context: ${text}\n` });
  });

  it('takes GET alone', async () => {
    const { get } = await start(knowing());
    expect((await get('?address=10.2.7.31', { method: 'POST' })).status).toBe(405);
  });

  it('is off unless it is asked for', async () => {
    const { get } = await start(knowing(), { context: {} });
    expect((await get('?address=10.2.7.31')).body).toContain('Server available');
  });

  it('refuses a page whose name resolves to loopback', async () => {
    const { get } = await start(knowing());
    expect((await get('?address=10.2.7.31', { headers: { host: 'evil.example.com:13133' } })).status).toBe(
      403,
    );
    expect((await get('?address=10.2.7.31', { headers: { host: '[::1]:13133' } })).status).toBe(200);
  });

  it.skipIf(OUTSIDE === undefined)('refuses whoever does not come by loopback', async () => {
    const { get } = await start(knowing(), { endpoint: '0.0.0.0:0' });
    expect(await get('?address=10.2.7.31', { host: OUTSIDE!, headers: { host: 'localhost' } })).toEqual({
      status: 403,
      body: '/context: it is answered to loopback alone. Ask on the machine itself, by 127.0.0.1 or [::1].\n',
    });
  });
});
