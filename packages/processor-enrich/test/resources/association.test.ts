import type { AnyValue } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { Facts } from './facts.ts';
import { joined, joinOf } from './join.ts';

type Source = { from: 'connection' } | { from: 'resource_attribute'; name: string };

const connection: Source = { from: 'connection' };
const attribute = (name: string): Source => ({ from: 'resource_attribute', name });

/** The uid of the pod that a resource is said to come from. */
function sender(
  facts: Facts,
  rules: readonly (readonly Source[])[],
  resource: Record<string, AnyValue>,
  from: { peerAddress?: string; endTimeMs?: number } = {},
): AnyValue | undefined {
  const join = joinOf(facts, {
    extract: { metadata: ['k8s.pod.uid', 'k8s.deployment.name'], labels: [{ key: 'app', tag_name: 'app' }] },
    pod_association: rules.map((sources) => ({ sources: [...sources] })),
  });
  return joined(join, { 'k8s.pod.uid': '', ...resource }, from)['k8s.pod.uid'] || undefined;
}

describe('a rule', () => {
  const rules: readonly (readonly [
    fact: string,
    sources: readonly Source[],
    resource: Record<string, AnyValue>,
  ])[] = [
    ['goes by the connection', [connection], {}],
    ['goes by an address', [attribute('k8s.pod.ip')], { 'k8s.pod.ip': '10.2.0.7' }],
    ['goes by an address of IPv6 in any form', [attribute('k8s.pod.ip')], { 'k8s.pod.ip': '2001:DB8:0::7' }],
    ['goes by a host name that is an address', [attribute('host.name')], { 'host.name': '10.2.0.7' }],
    [
      'goes by the name of the pod',
      [attribute('k8s.pod.name'), attribute('k8s.namespace.name')],
      { 'k8s.pod.name': 'cart-1', 'k8s.namespace.name': 'shop' },
    ],
    ['goes by the container', [attribute('container.id')], { 'container.id': 'c1' }],
    ['goes by an attribute that is extracted', [attribute('app')], { app: 'cart' }],
    [
      'goes by the name alone where it is the only one',
      [attribute('k8s.pod.name')],
      { 'k8s.pod.name': 'cart-1' },
    ],
    [
      'goes by several that agree',
      [connection, attribute('app'), attribute('k8s.pod.name'), attribute('container.id')],
      { app: 'cart', 'k8s.pod.name': 'cart-1', 'container.id': 'c1' },
    ],
  ];
  const facts = (): Facts => {
    const all = new Facts();
    all.pod({
      uid: 'cart',
      name: 'cart-1',
      addresses: ['10.2.0.7', '2001:db8::7'],
      labels: ['app', 'cart'],
      containers: [{ id: 'c1' }],
    });
    all.pod({
      uid: 'pay',
      name: 'pay-1',
      addresses: ['10.2.0.8'],
      labels: ['app', 'pay'],
      containers: [{ id: 'c2' }],
    });
    return all;
  };

  it.each(rules)('%s', (_fact, sources, resource) => {
    expect(sender(facts(), [sources], resource, { peerAddress: '10.2.0.7' })).toBe('cart');
  });

  it.each([
    ['the uid of no pod', [attribute('k8s.pod.uid')], { 'k8s.pod.uid': 'other' }],
    ['a host name that is none', [attribute('host.name')], { 'host.name': 'node-1' }],
    ['an attribute that is no string', [attribute('app')], { app: 7 }],
    ['an address that is none', [attribute('k8s.pod.ip')], { 'k8s.pod.ip': '10.2.0.7.1' }],
    ['sources that disagree', [connection, attribute('app')], { app: 'pay' }],
    ['the container of another pod', [connection, attribute('container.id')], { 'container.id': 'c2' }],
    ['the name of another pod', [connection, attribute('k8s.pod.name')], { 'k8s.pod.name': 'pay-1' }],
    ['another namespace', [connection, attribute('k8s.namespace.name')], { 'k8s.namespace.name': 'other' }],
    ['another uid', [attribute('k8s.pod.uid'), connection], { 'k8s.pod.uid': 'pay' }],
  ] as const)('finds nobody by %s', (_fact, sources, resource: Record<string, AnyValue>) => {
    const found = sender(facts(), [sources], resource, { peerAddress: '10.2.0.7' });
    expect(found).toBe(resource['k8s.pod.uid']);
  });

  it('whose sources are all there decides, whether or not it finds a pod', () => {
    const both = [[attribute('app'), attribute('k8s.pod.name')], [connection]];
    const from = { peerAddress: '10.2.0.7' };
    expect(sender(facts(), both, { app: 'pay' }, from)).toBe('cart');
    expect(sender(facts(), both, { app: 'pay', 'k8s.pod.name': 'x' }, from)).toBeUndefined();
  });
});

describe('without rules', () => {
  it.each([
    ['the pod address goes first', { 'k8s.pod.ip': '10.2.0.7', ip: '10.2.0.8' }, { peerAddress: '10.2.0.8' }],
    ['then the attribute `ip`', { ip: '10.2.0.7', 'host.name': '10.2.0.8' }, { peerAddress: '10.2.0.8' }],
    ['then the connection', { 'host.name': '10.2.0.8' }, { peerAddress: '10.2.0.7' }],
    ['then a host name that is an address', { 'host.name': '10.2.0.7' }, {}],
  ])('%s', (_fact, resource, from) => {
    const facts = new Facts();
    facts.pod({ uid: 'cart', addresses: ['10.2.0.7'] });
    facts.pod({ uid: 'pay', name: 'pay', addresses: ['10.2.0.8'] });
    expect(sender(facts, [], resource, from)).toBe('cart');
  });

  it('the sender is nobody where nothing tells', () => {
    expect(sender(new Facts(), [], { 'host.name': 'node-1' })).toBeUndefined();
  });

  it('the address of the connection is told where it is asked for', () => {
    const join = joinOf(new Facts(), { extract: { metadata: ['k8s.pod.ip'] } });
    expect(joined(join, {}, { peerAddress: '10.9.9.9' })).toEqual({ 'k8s.pod.ip': '10.9.9.9' });
    expect(joined(join, { ip: '10.8.8.8' }, { peerAddress: '10.9.9.9' })).toEqual({
      ip: '10.8.8.8',
      'k8s.pod.ip': '10.8.8.8',
    });
  });
});

describe('an address that is handed on', () => {
  const now = Date.now();
  const facts = (): Facts => {
    const all = new Facts();
    const first = all.pod({ uid: 'first', name: 'a', addresses: ['10.2.0.7'] }, now - 60_000);
    all.gone(first, now - 20_000);
    all.pod({ uid: 'second', name: 'b', addresses: ['10.2.0.7'] }, now - 10_000);
    return all;
  };
  const byAddress = [[attribute('k8s.pod.ip')]];
  const resource = { 'k8s.pod.ip': '10.2.0.7' };

  it('is for what comes over a connection whose it is now', () => {
    expect(sender(facts(), [[connection]], {}, { peerAddress: '10.2.0.7', endTimeMs: now - 30_000 })).toBe(
      'second',
    );
  });

  it.each([
    ['the first', -30_000, 'first'],
    ['the second', -1000, 'second'],
    ['nobody in between', -15_000, undefined],
    ['nobody before both', -90_000, undefined],
  ])('is %s at the time of the records', (_fact, offset, uid) => {
    expect(sender(facts(), byAddress, resource, { endTimeMs: now + offset })).toBe(uid);
  });

  it('is still that of a pod that has died, while no other has it', () => {
    const all = new Facts();
    all.gone(all.pod({ uid: 'first', addresses: ['10.2.0.7'] }), now - 20_000);
    expect(sender(all, byAddress, resource, { endTimeMs: now - 30_000 })).toBe('first');
    expect(sender(all, byAddress, resource, { endTimeMs: now - 10_000 })).toBeUndefined();
    expect(sender(all, [[connection]], {}, { peerAddress: '10.2.0.7' })).toBeUndefined();
    expect(sender(all, [[attribute('app')]], { app: 'cart' })).toBeUndefined();
  });

  it('that two claim at once is nobody', () => {
    const all = facts();
    all.pod({ uid: 'third', name: 'c', addresses: ['10.2.0.7'] }, now - 5000);
    expect(sender(all, byAddress, resource)).toBeUndefined();
    expect(sender(all, [[connection]], {}, { peerAddress: '10.2.0.7' })).toBeUndefined();
  });
});

describe('an attribute that several pods have', () => {
  it('finds none of them, and the one that is left when the others have gone', async () => {
    const facts = new Facts();
    const rules = {
      extract: { metadata: ['k8s.pod.uid'] as const },
      pod_association: [{ sources: [attribute('k8s.pod.name')] }],
    };
    const join = joinOf(facts, { ...rules, extract: { metadata: ['k8s.pod.uid'] } });
    const seen = (): unknown => joined(join, { 'k8s.pod.name': 'db-0' })['k8s.pod.uid'];
    const one = facts.pod({ uid: 'one', namespace: 'a', name: 'db-0', addresses: [] });
    facts.pod({ uid: 'two', namespace: 'b', name: 'db-0', addresses: [] });
    expect(seen()).toBeUndefined();
    facts.gone(one, Date.now());
    // The index is not made anew more often than once a second.
    await expect.poll(seen, { timeout: 20_000, interval: 50 }).toBe('two');
  });
});

describe('pods', () => {
  const pod = { labels: ['app', 'cart'], nodeName: 'node-1', namespace: 'shop', name: 'cart-1' };
  it.each([
    ['of the node', { filter: { node: 'node-1' } }, true],
    ['of another node', { filter: { node: 'node-2' } }, false],
    ['of the node of the environment', { filter: { node_from_env_var: 'TEST_NODE', node: 'node-2' } }, true],
    ['of the namespace', { filter: { namespace: 'shop' } }, true],
    ['of another namespace', { filter: { namespace: 'other' } }, false],
    ['with the field', { filter: { fields: [{ key: 'spec.nodeName', value: 'node-1' }] } }, true],
    [
      'without the field',
      { filter: { fields: [{ key: 'metadata.name', value: 'cart-1', op: 'not-equals' as const }] } },
      false,
    ],
    ['with the label', { filter: { labels: [{ key: 'app', value: 'cart', op: 'equals' as const }] } }, true],
    ['with another label', { filter: { labels: [{ key: 'app', value: 'pay' }] } }, false],
    [
      'without the label that it must not have',
      { filter: { labels: [{ key: 'tier', value: 'x', op: 'not-equals' as const }] } },
      true,
    ],
    ['that have the label at all', { filter: { labels: [{ key: 'app', op: 'exists' as const }] } }, true],
    [
      'that must not have the label at all',
      { filter: { labels: [{ key: 'app', op: 'does-not-exist' as const }] } },
      false,
    ],
    ['whose name is excluded', { exclude: { pods: [{ name: 'art-[0-9]' }] } }, false],
    ['whose name is not excluded', { exclude: { pods: [{ name: '^art' }] } }, true],
  ])('%s count as the filters say', (_fact, options, counts) => {
    process.env['TEST_NODE'] = 'node-1';
    const facts = new Facts();
    facts.pod(pod);
    const join = joinOf(facts, { ...options, extract: { metadata: ['k8s.pod.uid'] } });
    expect('k8s.pod.uid' in joined(join, {}, { peerAddress: '10.2.0.7' })).toBe(counts);
  });

  it.each([
    ['jaeger-agent-x', [], false],
    ['my-jaeger-collector', [], false],
    ['cart-1', ['opentelemetry.io/k8s-processor/ignore', ' True '], false],
    ['cart-1', ['opentelemetry.io/k8s-processor/ignore', 'false'], true],
  ])('named %s with the annotations %j count by default: %s', (name, annotations, counts) => {
    const facts = new Facts();
    facts.pod({ name, annotations });
    expect('k8s.pod.uid' in joined(joinOf(facts), {}, { peerAddress: '10.2.0.7' })).toBe(counts);
  });

  it('of the host network are not found by the address of their node', () => {
    const facts = new Facts();
    facts.pod({ uid: 'cart', addresses: ['10.0.0.1'], hostNetwork: true, name: 'cart-1', namespace: 'shop' });
    expect(sender(facts, [[connection]], {}, { peerAddress: '10.0.0.1' })).toBeUndefined();
    const named = [attribute('k8s.pod.name'), attribute('k8s.namespace.name')];
    const resource = { 'k8s.pod.name': 'cart-1', 'k8s.namespace.name': 'shop' };
    expect(sender(facts, [named], resource)).toBe('cart');
    expect(sender(facts, [[...named, connection]], resource, { peerAddress: '10.0.0.1' })).toBeUndefined();
  });
});
