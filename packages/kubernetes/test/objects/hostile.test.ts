/** Bytes that no API server would send. Whatever they are, they are read or refused, and never cost more than themselves. */

import { type ClaimTable, Context, nopTelemetry } from '@tributary/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClusterFacts } from '../../src/facts/cluster-facts.ts';
import { CLUSTER_RESOURCES } from '../../src/facts/cluster-resource.ts';
import { encode, type MessageKind } from './encode.ts';

const KINDS: Readonly<Record<string, MessageKind>> = {
  pods: 'Pod',
  services: 'Service',
  endpointslices: 'EndpointSlice',
  nodes: 'Node',
  namespaces: 'Namespace',
};

const text = fc.oneof(
  fc.constantFrom('a', 'b', '10.0.0.1', '0.0.0.0', 'None', ''),
  fc.string({ unit: 'binary' }),
);
const seconds = fc.record({ seconds: fc.oneof(fc.integer(), fc.maxSafeInteger()) });
const number = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const metadata = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    namespace: fc.constantFrom('', 'n'),
    uid: fc.constantFrom('u1', 'u2', 'u3'),
    resourceVersion: fc.oneof(fc.nat().map(String), text),
    creationTimestamp: seconds,
    deletionTimestamp: seconds,
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    annotations: fc.dictionary(fc.constant('kubernetes.io/config.mirror'), text),
  },
  { requiredKeys: ['name', 'uid'] },
);
const state = fc.record(
  {
    running: fc.record({ startedAt: seconds }),
    terminated: fc.record({ startedAt: seconds, finishedAt: seconds, containerID: text }),
  },
  { requiredKeys: [] },
);
const object = fc.record({
  metadata,
  spec: fc.record(
    {
      containers: fc.array(fc.record({ name: fc.constantFrom('c', 'd'), image: text }), { maxLength: 3 }),
      hostNetwork: fc.boolean(),
      ports: fc.array(fc.record({ port: number, nodePort: number, protocol: text }), { maxLength: 3 }),
      clusterIPs: fc.array(text, { maxLength: 2 }),
      type: text,
    },
    { requiredKeys: [] },
  ),
  status: fc.record(
    {
      phase: fc.constantFrom('Running', 'Failed', 'Pending', 'x'),
      podIPs: fc.array(fc.record({ ip: text }), { maxLength: 3 }),
      startTime: seconds,
      containerStatuses: fc.array(
        fc.record({
          name: fc.constantFrom('c', 'd'),
          containerID: text,
          restartCount: number,
          state,
          lastState: state,
        }),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  ),
  addressType: text,
  endpoints: fc.array(fc.record({ addresses: fc.array(text, { maxLength: 2 }) }), { maxLength: 3 }),
});
const event = fc.record({
  resource: fc.constantFrom(...Object.keys(KINDS)),
  object,
  call: fc.constantFrom('seen', 'seen', 'deleted', 'listing', 'listed'),
  atMs: fc.integer(),
  cut: fc.option(fc.nat(500)),
  flips: fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 3 }),
});

function facts(): { cluster: ClusterFacts; context: Context } {
  const context = new Context();
  return { cluster: new ClusterFacts(context, { telemetry: nopTelemetry }), context };
}

/** The keys that somebody holds. */
function openKeys(context: Context): unknown[] {
  const { addresses, containers, endpoints, nodeAddresses, nodePorts, nodes, pods, podNames } = context;
  const tables = [addresses, containers, endpoints, nodeAddresses, nodePorts, nodes, pods, podNames];
  return tables.flatMap((table) => {
    const claims = table as ClaimTable<string | number, unknown>;
    return [...claims.keys()].filter((key) =>
      claims.claimsOf(key).some(({ to }) => to === Number.POSITIVE_INFINITY),
    );
  });
}

test('bytes of any kind are read or refused', () => {
  const { cluster } = facts();
  const handlers = CLUSTER_RESOURCES.map((resource) => cluster.handler(resource));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const handler of handlers) handler.seen(bytes, 1);
    }),
  );
  expect(cluster.refused('pods', 'malformed') + cluster.refused('pods', 'incomplete')).toBeGreaterThan(0);
});

test('objects with absurd fields, cut and bent, in any order, never throw', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const { cluster, context } = facts();
      const handlers = Object.fromEntries(
        Object.keys(KINDS).map((resource) => [resource, cluster.handler(resource as 'pods')]),
      );
      for (const { resource, object, call, atMs, cut, flips } of events) {
        const handler = handlers[resource]!;
        const bytes = encode(KINDS[resource]!, object);
        for (const [position, value] of flips) bytes[position % bytes.length] = value;
        if (call === 'listing') handler.listing();
        else if (call === 'listed') handler.listed(atMs);
        else handler[call as 'seen'](cut === null ? bytes : bytes.subarray(0, cut), atMs);
      }
      // Whatever came in, what is gone leaves nothing behind that still holds.
      for (const handler of Object.values(handlers)) handler.close(0);
      expect([...cluster.pods(), ...cluster.services(), ...cluster.nodes()]).toEqual([]);
      expect(openKeys(context)).toEqual([]);
    }),
  );
});

test('after a pod that was refused the next is taken in', () => {
  const { cluster, context } = facts();
  const pods = cluster.handler('pods');
  const good = encode('Pod', {
    metadata: { name: 'a', namespace: 'n', uid: 'u', creationTimestamp: { seconds: 1 } },
  });
  for (let length = 1; length < good.length; length++) pods.seen(good.subarray(0, length), 5000);
  expect(context.podNames.counts.claims).toBe(0);
  pods.seen(good, 5000);
  expect(context.podNames.at('n/a', 5000)?.uid).toBe('u');
});

test.each([
  ['a length beyond the end', [0x0a, 0x7f]],
  ['a length of 2^63', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['a number without an end', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a group', [0x0b, 0x0c]],
  ['a field without a number', [0x02, 0x00]],
  ['metadata that are a number', [0x08, 0x01]],
  [
    'a text that is not UTF-8',
    [...Buffer.from('1a040802', 'hex'), 0x0a, 0x06, 0x5a, 0x04, 0x0a, 0x02, 0xc3, 0x28],
  ],
  ['HTML', [...Buffer.from('<html><body>502 Bad Gateway</body></html>')]],
])('%s is refused and counted', (_, bytes) => {
  const { cluster } = facts();
  cluster.handler('pods').seen(Uint8Array.from(bytes), 1);
  expect(cluster.refused('pods', 'malformed')).toBe(1);
});

test('lists of absurd length are refused', () => {
  const { cluster } = facts();
  const labels = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, '']));
  const podIPs = Array.from({ length: 5000 }, () => ({ ip: '10.0.0.1' }));
  const pods = cluster.handler('pods');
  pods.seen(encode('Pod', { metadata: { name: 'a', uid: 'u', labels } }), 1);
  pods.seen(encode('Pod', { metadata: { name: 'a', uid: 'u' }, status: { podIPs } }), 1);
  pods.seen(encode('Pod', { metadata: { name: 'x'.repeat(5000), uid: 'u' } }), 1);
  expect(cluster.refused('pods', 'malformed')).toBe(3);
});

test('more objects than are to be kept are refused', () => {
  const cluster = new ClusterFacts(new Context(), { telemetry: nopTelemetry, maxObjects: 2 });
  const pods = cluster.handler('pods');
  for (const uid of ['a', 'b', 'c']) pods.seen(encode('Pod', { metadata: { name: uid, uid } }), 1);
  expect([...cluster.pods()].map(({ uid }) => uid)).toEqual(['a', 'b']);
  expect(cluster.refused('pods', 'too_many')).toBe(1);
});
