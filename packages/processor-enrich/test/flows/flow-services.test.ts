import { addressKey, type Translated } from '@tributary/core';
import { describe, expect, test } from 'vitest';
import { containerAttributes, flow, flowBatch, joinBatches, podAttributes, T0 } from './cluster.ts';
import { CART, cluster, PAY } from './two-nodes.ts';

describe('a Service', () => {
  const ends = '10.2.1.1:41022 > 10.96.0.17:443';

  test('has the pod that the connection tracking names', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    const asked: unknown[] = [];
    context.addTranslator((connection): Translated => {
      asked.push(connection);
      return { address: addressKey('10.2.2.1')!, port: 8443 };
    });
    const records = joinBatches(context, [
      flowBatch([flow(ends, 'source', CART), flow(ends, 'source', CART)]),
    ]);
    const expected = {
      'source.match': 'cgroup',
      ...containerAttributes('source', 'cart'),
      'source.process.executable.name': 'node',
      'destination.match': 'conntrack',
      ...podAttributes('destination', 'far', 'eu-west-1b', 'node-2', 'pay'),
      'destination.k8s.service.name': 'payments',
      'destination.nat.address': '10.2.2.1',
      'destination.nat.port': 8443,
      'network.flow.scope': 'same_region',
    };
    expect(records).toEqual([expected, expected]);
    expect(asked).toHaveLength(1);
  });

  test('has the pod that the record says it was sent to', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    const nat = { 'destination.nat.address': '10.2.2.1', 'destination.nat.port': 8443 };
    const [attributes] = joinBatches(context, [flowBatch([flow(ends, 'source', { ...CART, ...nat })])]);
    expect(attributes).toMatchObject({
      'destination.match': 'pod_ip',
      'destination.k8s.pod.name': 'far',
      'destination.k8s.service.name': 'payments',
    });
  });

  test.each([
    ['that has had no other for long', 1, 0, 'pay'],
    ['that is new', 1, T0 - 5000, undefined],
    ['among others', 2, 0, undefined],
  ])('names its pod %s', (_, backends, backendsSince, name) => {
    const { cluster: facts, context, pay, far } = cluster();
    const service = facts.service('payments', '10.96.0.17', [pay, far].slice(0, backends));
    service.backendsSince = backendsSince;
    const [attributes] = joinBatches(context, [flowBatch([flow(ends, 'source', CART)])]);
    expect(attributes).toMatchObject({
      'destination.match': 'service',
      'destination.k8s.service.name': 'payments',
      'destination.k8s.namespace.name': 'shop',
    });
    expect(attributes?.['destination.k8s.pod.name']).toBe(name);
  });

  test.each([
    ['its selector selects', [['app', 'pay']], 'payments'],
    [
      'an earlier selector of it selected',
      [
        ['app', 'pay'],
        ['app', 'cart'],
      ],
      'payments',
    ],
    ['it does not select', [['app', 'cart']], undefined],
    ['it does not select as a whole', [['app', 'pay', 'tier', 'back']], undefined],
    ['it has no selector for, and among its endpoints', [], 'payments'],
  ])('is named if the connection went to a pod that %s', (_, selectors, name) => {
    const { cluster: facts, context, pay } = cluster();
    const service = facts.service('payments', '10.96.0.17', [pay]);
    service.selectors = selectors;
    const sockets = flowBatch([
      flow(ends, 'source', CART),
      flow('10.2.1.1:41022 > 10.2.1.2:8443', 'destination', PAY),
    ]);
    const [source] = joinBatches(context, [sockets]);
    expect([source?.['destination.k8s.pod.name'], source?.['destination.k8s.service.name']]).toEqual([
      'pay',
      name,
    ]);
    context.addTranslator(() => ({ address: addressKey('10.2.1.2')!, port: 8443 }));
    const translated = [
      flow(ends, 'source', { ...CART, 'source.port': 41_023 }),
      flow(ends, 'source', { ...CART, 'destination.nat.address': '10.2.1.2', 'destination.nat.port': 8443 }),
    ];
    const records = joinBatches(context, [flowBatch(translated)]);
    expect(records.map((record) => record['destination.k8s.pod.name'])).toEqual(['pay', 'pay']);
    expect(records.map((record) => record['destination.k8s.service.name'])).toEqual([name, name]);
  });

  test('is not named if the connection went to an address that is not of its endpoints', () => {
    const { cluster: facts, context, pay } = cluster();
    const service = facts.service('payments', '10.96.0.17', [pay]);
    service.selectors = [['app', 'pay']];
    context.addTranslator(() => ({ address: addressKey('10.2.9.9')!, port: 8443 }));
    const [attributes] = joinBatches(context, [flowBatch([flow(ends, 'source', CART)])]);
    expect(attributes).toMatchObject({ 'destination.match': 'none', 'destination.nat.address': '10.2.9.9' });
    service.backendsSince = T0 + 1;
    const [earlier] = joinBatches(context, [
      flowBatch([flow(ends, 'source', { ...CART, 'source.port': 41_023 })]),
    ]);
    expect(earlier).toMatchObject({
      'destination.match': 'conntrack',
      'destination.k8s.service.name': 'payments',
    });
  });

  test('is not named if its endpoint at the address is a pod that is known to be elsewhere', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay]);
    context.addTranslator(() => ({ address: addressKey('10.2.1.2')!, port: 8443 }));
    context.addresses.claim(addressKey('10.2.1.2')!, far, 0);
    const [attributes] = joinBatches(context, [flowBatch([flow(ends, 'source', CART)])]);
    expect(attributes).toMatchObject({ 'destination.match': 'none', 'destination.nat.address': '10.2.1.2' });
  });

  test('is found by its port at a node', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far], 30443);
    const [attributes] = joinBatches(context, [
      flowBatch([flow('10.2.1.1:1 > 192.168.0.2:30443', 'source', CART)]),
    ]);
    expect(attributes).toMatchObject({
      'destination.match': 'service',
      'destination.k8s.service.name': 'payments',
    });
  });

  test('is not asked about where the port was used again', () => {
    const { cluster: facts, context, pay, far } = cluster();
    facts.service('payments', '10.96.0.17', [pay, far]);
    context.addTranslator(() => ({ address: addressKey('10.2.2.1')!, port: 8443 }));
    const records = joinBatches(context, [
      flowBatch([flow(ends, 'source', CART)], 'node-1', T0 - 500),
      flowBatch([flow(ends, 'source', { ...CART, 'flow.duration': 0.1 })]),
    ]);
    expect(records.map((record) => record['destination.match'])).toEqual(['service', 'service']);
  });
});
