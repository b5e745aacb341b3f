import { Batch, EncodedAttributes, LogsWriter } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowJoin } from '../../src/flows/flow-join.ts';
import { FlowMetrics } from '../../src/flows/flow-metrics.ts';
import {
  type Attributes,
  attributesOf,
  flow,
  flowBatch,
  joinBatches,
  NO_TABLES,
  T0,
  TestCluster,
} from './cluster.ts';

function cluster() {
  const cluster = new TestCluster();
  cluster.node('node-1', '192.168.0.1');
  cluster.pod({ name: 'far', address: '10.2.2.1' });
  const cart = cluster.pod({ name: 'cart', address: '10.2.1.1' });
  return { cluster, context: cluster.context, cart };
}

const plain = flow('10.2.1.1:41022 > 10.2.2.1:8443', 'source', { 'container.id': 'c-cart' });

/** A flow without one attribute, or with another value of it. */
function but(changes: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  return Object.fromEntries(
    Object.entries({ ...plain, ...changes }).filter(
      (entry): entry is [string, Attributes[string]] => entry[1] !== undefined,
    ),
  );
}

test.each<[string, Attributes, string, string]>([
  [
    'without addresses',
    but({ 'source.address': undefined, 'destination.address': undefined }),
    'cgroup',
    'none',
  ],
  [
    'with addresses that are none',
    but({ 'source.address': 'me', 'destination.address': '10.2.2.1.' }),
    'cgroup',
    'none',
  ],
  ['with addresses of another type', but({ 'destination.address': 167903745 }), 'cgroup', 'none'],
  ['with an empty address', but({ 'destination.address': '' }), 'cgroup', 'none'],
  ['without ports', but({ 'source.port': undefined, 'destination.port': undefined }), 'cgroup', 'pod_ip'],
  ['with port 0', but({ 'source.port': 0, 'destination.port': 0 }), 'cgroup', 'pod_ip'],
  ['with ports beyond all', but({ 'source.port': -1, 'destination.port': 2 ** 40 }), 'cgroup', 'pod_ip'],
  [
    'with ports that are texts',
    but({ 'source.port': '41022', 'destination.port': 'https' }),
    'cgroup',
    'pod_ip',
  ],
  ['of an unknown transport', but({ 'network.transport': 'quic' }), 'cgroup', 'pod_ip'],
  ['of an unknown observer', but({ 'flow.observer': 'both' }), 'pod_ip', 'pod_ip'],
  ['without an observer', but({ 'flow.observer': undefined }), 'pod_ip', 'pod_ip'],
  ['with a container id that is a number', but({ 'container.id': 7 }), 'pod_ip', 'pod_ip'],
  [
    'with a container id of 10,000 characters',
    but({ 'container.id': 'x'.repeat(10_000) }),
    'pod_ip',
    'pod_ip',
  ],
  ['with a duration below zero', but({ 'flow.duration': -5 }), 'cgroup', 'pod_ip'],
  ['with a duration of a million years', but({ 'flow.duration': 1e13 }), 'cgroup', 'pod_ip'],
  ['with a duration that is a text', but({ 'flow.duration': 'long' }), 'cgroup', 'pod_ip'],
  ['from an address to itself', but({ 'destination.address': '10.2.1.1' }), 'cgroup', 'pod_ip'],
])('a flow %s is joined as far as it goes', (_, attributes, source, destination) => {
  const [added] = joinBatches(cluster().context, [flowBatch([attributes])]);
  expect([added?.['source.match'], added?.['destination.match']]).toEqual([source, destination]);
});

test.each([
  ['the first second of 1970', 1, 'none'],
  ['the year 2200', 7_258_118_400_000, 'pod_ip'],
])('a flow of %s is one of that time, but never of the future', (_, timeMs, match) => {
  const facts = new TestCluster();
  facts.pod({ name: 'far', address: '10.2.2.1' }, 1000);
  const [added] = joinBatches(facts.context, [flowBatch([but({ 'flow.duration': 0 })], 'node-1', timeMs)]);
  expect(added?.['destination.match']).toBe(match);
});

test('the first of repeated attributes counts, and what was told before is not overwritten', () => {
  const { context } = cluster();
  const writer = new LogsWriter();
  writer.resource({ 'host.name': 'node-1' });
  writer.record({ eventName: 'network.flow', timeUnixNano: BigInt(T0) * 1_000_000n, attributes: plain });
  const batch = Batch.decode('logs', writer.finish()!.toBytes());
  const repeated = new EncodedAttributes([
    ['destination.address', '10.2.1.1'],
    ['destination.k8s.pod.name', 'told'],
  ]);
  batch.editItemBytes({ edit: (item) => item.append(repeated.fieldsOf('logRecord')) });
  const { telemetry } = testSettings({ kind: 'processor' });
  const join = new FlowJoin(context, {
    tables: NO_TABLES,
    metrics: new FlowMetrics(telemetry),
    maxConnections: 10,
  });
  join.join(batch, join.note(batch));
  const [record] = batch.records();
  if (record?.kindOf !== 'log') throw new Error('no log record');
  expect(record.attributes.get('destination.k8s.pod.name')).toBe('told');
  expect(record.attributes.get('destination.k8s.pod.uid')).toBe('uid-far');
  expect(record.attributes.keys().filter((key) => key === 'destination.k8s.pod.name')).toHaveLength(1);
});

test('whatever the attributes of a flow are, a batch stays one and every flow has its matches', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant('10.2.2.1'),
  );
  const attributes = fc.dictionary(
    fc.constantFrom(...Object.keys(plain), 'destination.nat.address', 'k8s.pod.uid'),
    anything,
  );
  fc.assert(
    fc.property(fc.array(attributes, { minLength: 1, maxLength: 5 }), (flows) => {
      const added = joinBatches(cluster().context, [flowBatch(flows.map((flow) => ({ ...plain, ...flow })))]);
      for (const record of added) expect(record).toHaveProperty(['source.match']);
    }),
  );
});

test('what is told of an end follows the pod, its node and its workload', () => {
  const { cluster: facts, context, cart } = cluster();
  let nowMs = 0;
  const { telemetry } = testSettings({ kind: 'processor' });
  const join = new FlowJoin(context, {
    tables: NO_TABLES,
    metrics: new FlowMetrics(telemetry),
    maxConnections: 10,
    monotonicMs: () => nowMs,
  });
  const seen = (): Attributes => {
    const batch = flowBatch([plain]);
    join.join(batch, join.note(batch));
    return attributesOf(batch)[0]!;
  };
  expect(seen()).toMatchObject({
    'source.k8s.node.name': 'node-1',
    'source.cloud.availability_zone': 'eu-west-1a',
  });
  cart.nodeName = 'node-2';
  cart.revision += 1;
  expect(seen()).toMatchObject({ 'source.k8s.node.name': 'node-2' });
  expect(seen()).not.toHaveProperty(['source.cloud.availability_zone']);
  facts.node('node-2', '192.168.0.2', 'eu-west-1b');
  nowMs += 300;
  expect(seen()).toMatchObject({ 'source.cloud.availability_zone': 'eu-west-1b' });
  const next = context.nodes.newest('node-2')!;
  next.labels = ['topology.kubernetes.io/zone', 'eu-west-1c'];
  next.revision += 1;
  nowMs += 1100;
  expect(seen()).toMatchObject({ 'source.cloud.availability_zone': 'eu-west-1c' });
  context.nodes.release('node-2', next, T0);
  facts.node('node-2', '192.168.0.2', 'eu-west-1d');
  nowMs += 1100;
  expect(seen()).toMatchObject({ 'source.cloud.availability_zone': 'eu-west-1d' });
});
