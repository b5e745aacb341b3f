import { type AnyValue, addressKey, type Container, type Described } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { ResourceJoin } from '../../src/resources/resource-join.ts';
import { Facts } from './facts.ts';
import { joined, optionsOf } from './join.ts';

function resourceOf(facts: Facts, resource: Record<string, AnyValue>, namesOthers: boolean): object {
  const settings = testSettings({ kind: 'processor', context: facts.context });
  const options = optionsOf({
    pod_association: [
      { sources: [{ from: 'resource_attribute', name: 'container.id' }] },
      {
        sources: [{ from: 'connection' }, { from: 'resource_attribute', name: 'k8s.namespace.name' }],
      },
      { sources: [{ from: 'connection' }] },
    ],
  });
  const join = ResourceJoin.create(settings, options, { namesOthers });
  return joined(join, resource, { peerAddress: '172.17.0.2' });
}

describe('a sender that is no pod', () => {
  const container: Container = {
    kind: 'container',
    name: 'cart',
    id: 'c1',
    image: 'shop/cart:1.4',
    imageId: '',
    restartCount: 0,
    pod: undefined,
    labels: [],
    revision: 1,
  };
  const described: Described = { kind: 'described', attributes: { 'host.name': 'vm-7' }, revision: 1 };
  const named = {
    'container.name': 'cart',
    'container.id': 'c1',
    'container.image.name': 'shop/cart',
    'container.image.tag': '1.4',
  };

  it.each([
    ['is a container by its address', container, {}, named],
    ['is a container by its id', container, { 'container.id': 'c1' }, named],
    ['is what a plugin knows', described, {}, { 'host.name': 'vm-7' }],
    ['is nobody by sources that are of pods', container, { 'k8s.namespace.name': 'shop' }, {}],
  ])('%s', (_fact, holder, resource, added) => {
    const facts = new Facts();
    facts.context.addresses.claim(addressKey('172.17.0.2')!, holder, 0);
    facts.context.containers.claim('c1', container, 0);
    expect(resourceOf(facts, resource, true)).toEqual({ ...resource, ...added });
    expect(resourceOf(facts, resource, false)).toEqual(resource);
  });

  it('is told of anew when it has changed', () => {
    const facts = new Facts();
    const changing = { ...container };
    facts.context.addresses.claim(addressKey('172.17.0.2')!, changing, 0);
    const settings = testSettings({ kind: 'processor', context: facts.context });
    const join = ResourceJoin.create(settings, optionsOf(), { namesOthers: true });
    const name = (): unknown => joined(join, {}, { peerAddress: '172.17.0.2' })['container.name'];
    expect(name()).toBe('cart');
    changing.name = 'basket';
    changing.revision += 1;
    expect(name()).toBe('basket');
  });
});
