import { addressKey, type Described, nameKey, parsePrefix } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import { describe, expect, test } from 'vitest';
import { FlowJoin } from '../../src/flows/flow-join.ts';
import { FlowMetrics } from '../../src/flows/flow-metrics.ts';
import {
  attributesOf,
  containerAttributes,
  flow,
  flowBatch,
  joinBatches,
  NO_TABLES,
  podAttributes,
  T0,
} from './cluster.ts';
import { CART, cluster, PAY } from './two-nodes.ts';

describe('the end whose socket was seen', () => {
  test('is named by its container', () => {
    const { context } = cluster();
    expect(
      joinBatches(context, [flowBatch([flow('10.2.1.1:41022 > 10.2.2.1:8443', 'source', CART)])]),
    ).toEqual([
      {
        'source.match': 'cgroup',
        ...containerAttributes('source', 'cart'),
        'source.process.executable.name': 'node',
        'destination.match': 'pod_ip',
        ...podAttributes('destination', 'far', 'eu-west-1b', 'node-2', 'pay'),
        'network.flow.scope': 'same_region',
      },
    ]);
  });

  test('is named by its pod where the container is not known yet', () => {
    const { context } = cluster();
    const [attributes] = joinBatches(context, [
      flowBatch([
        flow('10.2.1.1:1 > 192.0.2.1:443', 'source', { 'container.id': 'new', 'k8s.pod.uid': 'uid-cart' }),
      ]),
    ]);
    expect(attributes).toEqual({
      'source.match': 'cgroup',
      ...podAttributes('source', 'cart'),
      'source.container.id': 'new',
      'destination.match': 'none',
    });
  });

  test('is a pod in the network of its node by its cgroup', () => {
    const { cluster: facts, context } = cluster();
    facts.pod({ name: 'agent', address: '192.168.0.1', hostNetwork: true, workload: 'agent' });
    const [attributes] = joinBatches(context, [
      flowBatch([flow('192.168.0.1:1 > 10.2.2.1:443', 'source', { 'container.id': 'c-agent' })]),
    ]);
    expect(attributes).toMatchObject({ 'source.match': 'cgroup', 'source.k8s.pod.name': 'agent' });
  });

  test('is a unit of systemd on a node', () => {
    const { context } = cluster();
    const [attributes] = joinBatches(context, [
      flowBatch([
        flow('192.168.0.1:1 > 10.2.2.1:443', 'source', {
          'systemd.unit.name': 'kubelet.service',
          'process.executable.name': 'kubelet',
        }),
      ]),
    ]);
    expect(attributes).toMatchObject({
      'source.match': 'cgroup',
      'source.systemd.unit.name': 'kubelet.service',
      'source.host.name': 'node-1',
      'source.k8s.node.name': 'node-1',
      'source.process.executable.name': 'kubelet',
    });
  });

  test('has no name where the kernel says that it is another pod than the one which has the address', () => {
    const { context } = cluster();
    const [attributes] = joinBatches(context, [
      flowBatch([flow('10.2.1.1:1 > 10.2.2.1:443', 'source', { 'k8s.pod.uid': 'uid-unknown' })]),
    ]);
    expect(attributes).toMatchObject({ 'source.match': 'none' });
    expect(attributes).not.toHaveProperty(['source.k8s.pod.name']);
  });

  test('has no name where container and pod contradict each other', () => {
    const { context } = cluster();
    const [attributes] = joinBatches(context, [
      flowBatch([
        flow('10.2.9.9:1 > 10.2.2.1:443', 'source', { 'container.id': 'c-cart', 'k8s.pod.uid': 'uid-pay' }),
      ]),
    ]);
    expect(attributes).toMatchObject({ 'source.match': 'none' });
  });
});

describe('the two records of a connection', () => {
  test('tell each other their pods after one was out of sight for a while', () => {
    const { cluster: facts, context, pay } = cluster();
    const { telemetry } = testSettings({ kind: 'processor', context });
    const join = new FlowJoin(context, {
      ...{ tables: NO_TABLES, metrics: new FlowMetrics(telemetry), maxConnections: 1000 },
    });
    const told = (port: number, timeMs: number): unknown[] => {
      const ends = `10.2.1.1:${port} > 10.2.1.2:8443`;
      const batch = flowBatch([flow(ends, 'source', CART), flow(ends, 'destination', PAY)], 'node-1', timeMs);
      join.join(batch, join.note(batch));
      return attributesOf(batch).map((each) => [each['destination.match'], each['destination.k8s.pod.name']]);
    };
    const before = told(1, T0);
    // A selector of labels left it out, and then again not: it is told of anew.
    facts.end(pay, T0 + 1000);
    facts.pod({ name: 'pay', address: '10.2.1.2', workload: 'pay' }, T0 + 2000);
    const after = told(2, T0 + 5000);
    expect([before, after]).toEqual(
      Array.from({ length: 2 }, () => [
        ['peer_socket', 'pay'],
        ['cgroup', 'pay'],
      ]),
    );
  });

  test('tell each other their containers', () => {
    const { context } = cluster();
    const ends = '10.2.1.1:41022 > 10.2.1.2:8443';
    const both = {
      ...containerAttributes('source', 'cart'),
      'source.process.executable.name': 'node',
      ...containerAttributes('destination', 'pay', 'eu-west-1a', 'node-1', 'pay'),
      'destination.process.executable.name': 'java',
      'network.flow.scope': 'same_node',
    };
    expect(
      joinBatches(context, [
        flowBatch([flow(ends, 'source', CART)]),
        flowBatch([flow(ends, 'destination', PAY)]),
      ]),
    ).toEqual([
      { ...both, 'source.match': 'cgroup', 'destination.match': 'peer_socket' },
      { ...both, 'source.match': 'peer_socket', 'destination.match': 'cgroup' },
    ]);
  });

  test('name the pod behind a Service, and the Service at both', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    const [seenAtSource, seenAtDestination] = joinBatches(context, [
      flowBatch([
        flow('10.2.1.1:41022 > 10.96.0.17:443', 'source', CART),
        flow('10.2.1.1:41022 > 10.2.1.2:8443', 'destination', PAY),
      ]),
    ]);
    const destination = {
      ...containerAttributes('destination', 'pay', 'eu-west-1a', 'node-1', 'pay'),
      'destination.k8s.service.name': 'payments',
      'destination.process.executable.name': 'java',
    };
    expect(seenAtSource).toEqual({
      'source.match': 'cgroup',
      ...containerAttributes('source', 'cart'),
      'source.process.executable.name': 'node',
      'destination.match': 'peer_socket',
      ...destination,
      'destination.nat.address': '10.2.1.2',
      'destination.nat.port': 8443,
      'network.flow.scope': 'same_node',
    });
    expect(seenAtDestination).toMatchObject({ 'destination.match': 'cgroup', ...destination });
  });

  test('name pods in the network of their node, and pods that talk to themselves', () => {
    const { cluster: facts, context } = cluster();
    facts.pod({ name: 'agent', hostNetwork: true });
    facts.pod({ name: 'proxy', hostNetwork: true });
    const records = joinBatches(context, [
      flowBatch([
        flow('127.0.0.1:5000 > 127.0.0.1:80', 'source', { 'container.id': 'c-agent' }),
        flow('127.0.0.1:5000 > 127.0.0.1:80', 'destination', { 'container.id': 'c-proxy' }),
        flow('127.0.0.1:5000 > 127.0.0.1:80', 'source', CART),
        flow('127.0.0.1:5000 > 127.0.0.1:80', 'destination', CART),
        flow('127.0.0.1:6000 > 127.0.0.1:81', 'source', PAY),
      ]),
    ]);
    expect(
      records.map((record) => [
        record['source.match'],
        record['source.k8s.pod.name'],
        record['destination.match'],
        record['destination.k8s.pod.name'],
      ]),
    ).toEqual([
      ['cgroup', 'agent', 'peer_socket', 'proxy'],
      ['peer_socket', 'agent', 'cgroup', 'proxy'],
      ['cgroup', 'cart', 'peer_socket', 'cart'],
      ['peer_socket', 'cart', 'cgroup', 'cart'],
      ['cgroup', 'pay', 'cgroup', 'pay'],
    ]);
  });

  test('say nothing where two sockets could be the other end', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    const [attributes] = joinBatches(context, [
      flowBatch([
        flow('10.2.1.1:41022 > 10.96.0.17:443', 'source', CART),
        flow('10.2.1.1:41022 > 10.2.1.2:8443', 'destination', PAY),
        flow('10.2.1.1:41022 > 10.2.2.1:8443', 'destination', { 'container.id': 'c-far' }),
      ]),
    ]);
    expect(attributes).toMatchObject({
      'destination.match': 'service',
      'destination.k8s.service.name': 'payments',
    });
    expect(attributes).not.toHaveProperty(['destination.k8s.pod.name']);
  });

  test('are not mistaken for those of an earlier connection from the same port', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    const [, , later] = joinBatches(context, [
      flowBatch([flow('10.2.1.1:41022 > 10.96.0.17:443', 'source', CART)], 'node-1', T0 - 60_000),
      flowBatch([flow('10.2.1.1:41022 > 10.2.1.2:8443', 'destination', PAY)], 'node-1', T0 - 60_000),
      flowBatch([flow('10.2.1.1:41022 > 10.96.0.17:443', 'source', CART)]),
    ]);
    expect(later).toMatchObject({ 'destination.match': 'service' });
    expect(later).not.toHaveProperty(['destination.k8s.pod.name']);
  });
});

describe('what is no pod', () => {
  test('is a node, a name that this client resolved, or a range', () => {
    const { context } = cluster();
    const name = nameKey(addressKey('10.2.1.1')!, addressKey('52.94.0.9')!);
    context.names.claim(name, 'payments.example.com', 0);
    const office: Described = { kind: 'described', revision: 0, attributes: { 'owner.team': 'office' } };
    context.ranges.claim(parsePrefix('203.0.113.0/24')!, office, 0);
    const seen = (destination: string, more = CART) =>
      flow(`10.2.1.1:41022 > ${destination}`, 'source', more);
    const records = joinBatches(context, [
      flowBatch([
        seen('192.168.0.2:22'),
        seen('52.94.0.9:443'),
        seen('203.0.113.7:443'),
        seen('52.94.0.10:443'),
      ]),
      flowBatch([flow('10.2.1.2:1 > 52.94.0.9:443', 'source', PAY)]),
    ]);
    const destinations = records.map((record) =>
      Object.fromEntries(
        Object.entries(record).filter(
          ([key]) => key.startsWith('destination.') || key === 'network.flow.scope',
        ),
      ),
    );
    expect(destinations).toEqual([
      {
        'destination.match': 'node',
        'destination.k8s.node.name': 'node-2',
        'destination.cloud.provider': 'aws',
        'destination.cloud.region': 'eu-west-1',
        'destination.cloud.availability_zone': 'eu-west-1b',
        'network.flow.scope': 'same_region',
      },
      {
        'destination.match': 'dns',
        'destination.dns.question.name': 'payments.example.com',
        'network.flow.scope': 'external',
      },
      { 'destination.match': 'cidr', 'destination.owner.team': 'office', 'network.flow.scope': 'external' },
      { 'destination.match': 'none', 'network.flow.scope': 'external' },
      { 'destination.match': 'none', 'network.flow.scope': 'external' },
    ]);
  });
});
