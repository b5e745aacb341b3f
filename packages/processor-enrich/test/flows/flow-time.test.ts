import { addressKey, endpointKey } from '@tributary/core';
import { describe, expect, test } from 'vitest';
import { type Attributes, attributesOf, flow, flowBatch, joinBatches, T0 } from './cluster.ts';
import { CART, cluster } from './two-nodes.ts';

describe('time', () => {
  test('gives an address to the pod that had it when the flow began', () => {
    const { cluster: facts, context, far } = cluster();
    facts.end(far, T0);
    facts.pod({ name: 'next', address: '10.2.2.1' }, T0 + 100);
    const at = (timeMs: number, seconds: number) =>
      flowBatch(
        [
          flow('10.2.1.1:1 > 10.2.2.1:80', 'source', {
            'flow.duration': seconds,
            'flow.connect_duration': 0.001,
          }),
        ],
        'node-1',
        timeMs,
      );
    const records = joinBatches(context, [
      at(T0 + 5000, 10),
      at(T0 + 5000, 4.95),
      at(T0 + 5000, 1),
      at(T0 - 1, 0.5),
    ]);
    expect(records.map((record) => record['destination.k8s.pod.name'])).toEqual([
      'far',
      undefined,
      'next',
      'far',
    ]);
  });

  test('names nobody for a refusal while nobody tells what happens', () => {
    const { cluster: facts, context, pay } = cluster();
    facts.service('payments', '10.96.0.17', [pay]);
    const source = context.source('k8s services');
    source.current();
    source.stale(T0);
    const to = (destination: string, more: Attributes) =>
      flow(`10.2.1.1:1 > ${destination}`, 'source', { 'flow.duration': 0.1, ...more });
    const refused = { 'flow.end_reason': 'refused' };
    const taken = { 'flow.connect_duration': 0.001 };
    const records = joinBatches(
      context,
      [
        flowBatch([to('10.96.0.17:443', refused), to('10.96.0.17:443', taken)]),
        flowBatch([to('10.2.2.1:80', refused), to('10.2.2.1:80', taken)]),
      ],
      { stale: 'mark' },
    );
    expect(records.map((record) => [record['destination.match'], record['destination.match.stale']])).toEqual(
      [
        ['none', undefined],
        ['service', true],
        ['none', undefined],
        ['pod_ip', true],
      ],
    );
  });

  test('gives nobody the refusal of an address that another had soon after', () => {
    const { cluster: facts, context, far } = cluster();
    facts.end(far, T0 + 900);
    facts.pod({ name: 'next', address: '10.2.2.1' }, T0 + 1500);
    const refused = { 'flow.duration': 0.001, 'flow.end_reason': 'refused' };
    const at = (timeMs: number) =>
      flowBatch([flow('10.2.1.1:1 > 10.2.2.1:80', 'source', refused)], 'node-1', timeMs);
    const records = joinBatches(context, [at(T0 - 200), at(T0), at(T0 + 1600)]);
    expect(records.map((record) => record['destination.k8s.pod.name'])).toEqual(['far', undefined, 'next']);
  });

  test('that nobody knows of a beginning gives an address to who has it now, if anything came from there', () => {
    const { cluster: facts, context, far } = cluster();
    facts.service('pay', '10.96.0.17', [far]);
    const fromBefore = (ends: string, observer: 'source' | 'destination', packets: Attributes) =>
      flowBatch([flow(ends, observer, { 'flow.duration': 0, 'flow.state': 'open', ...packets })]);
    const records = joinBatches(context, [
      fromBefore('10.2.1.1:1 > 10.2.2.1:80', 'source', {
        'flow.source.packets': 3,
        'flow.destination.packets': 0,
      }),
      fromBefore('10.2.1.1:1 > 10.2.2.1:80', 'source', {
        'flow.source.packets': 0,
        'flow.destination.packets': 1,
      }),
      fromBefore('10.2.1.1:1 > 10.2.2.1:80', 'source', {}),
      fromBefore('10.2.1.1:1 > 10.96.0.17:443', 'source', { 'flow.destination.packets': 0 }),
      fromBefore('10.2.2.1:1 > 10.2.1.1:80', 'destination', { 'flow.source.packets': 0 }),
      fromBefore('10.2.2.1:1 > 10.2.1.1:80', 'destination', { 'flow.source.packets': 2 }),
    ]);
    expect(records.map((record) => [record['source.match'], record['destination.match']])).toEqual([
      ['pod_ip', 'none'],
      ['pod_ip', 'pod_ip'],
      ['pod_ip', 'pod_ip'],
      ['pod_ip', 'none'],
      ['none', 'pod_ip'],
      ['pod_ip', 'pod_ip'],
    ]);
  });

  test('that nobody knows of a beginning gives no address to who has had it only of late', () => {
    const { cluster: facts, context, far } = cluster();
    facts.end(far, T0);
    facts.pod({ name: 'next', address: '10.2.2.1' }, T0 + 1000);
    const fromBefore = (timeMs: number, seconds: number) =>
      flowBatch([flow('10.2.1.1:1 > 10.2.2.1:80', 'source', { 'flow.duration': seconds })], 'node-1', timeMs);
    const records = joinBatches(context, [
      fromBefore(T0 - 1, 0),
      fromBefore(T0 + 2000, 0),
      fromBefore(T0 + 2000, 0.5),
      fromBefore(T0 + 16_500, 0),
    ]);
    expect(records.map((record) => record['destination.k8s.pod.name'])).toEqual([
      'far',
      undefined,
      'next',
      'next',
    ]);
  });

  test('that nobody knows of a beginning names no Service that has had its address only of late, but the pod that took it', () => {
    const { cluster: facts, context, pay, far } = cluster();
    const carts = facts.service('carts', '10.96.0.17', [pay, far]);
    context.endpoints.release(endpointKey(addressKey('10.96.0.17')!, 443, 'tcp'), carts, T0);
    context.serviceAddresses.release(addressKey('10.96.0.17')!, carts, T0);
    facts.service('payments', '10.96.0.17', [pay, far], 0, T0 + 1000);
    const take = (nat: Attributes) => {
      const at = (timeMs: number, seconds: number) =>
        flowBatch(
          [flow('10.2.1.1:1 > 10.96.0.17:443', 'source', { ...nat, 'flow.duration': seconds })],
          'node-1',
          timeMs,
        );
      const records = joinBatches(context, [
        at(T0 - 1, 0),
        at(T0 + 2000, 0),
        at(T0 + 2000, 0.5),
        at(T0 + 16_500, 0),
      ]);
      return records.map((record) => [
        record['destination.k8s.service.name'],
        record['destination.k8s.pod.name'],
      ]);
    };
    expect(take({})).toEqual([
      ['carts', undefined],
      [undefined, undefined],
      ['payments', undefined],
      ['payments', undefined],
    ]);
    expect(take({ 'destination.nat.address': '10.2.1.2', 'destination.nat.port': 80 })).toEqual([
      ['carts', 'pay'],
      [undefined, 'pay'],
      ['payments', 'pay'],
      ['payments', 'pay'],
    ]);
  });

  test.each([
    ['the destination', 'destination', 'source'],
    ['the source', 'source', 'destination'],
  ] as const)(
    'that nobody knows of a beginning and that was over tells nothing of the next with the same ports, seen at %s',
    (_end, old, observer) => {
      const ends = '10.2.1.1:41022 > 10.2.2.1:80';
      const owner = { 'container.id': 'c-gone', 'k8s.pod.uid': 'uid-gone' };
      const join = (overForMs: number): Attributes => {
        const { cluster: facts, context } = cluster();
        facts.pod({ name: 'gone' });
        // The next begins at T0 - 500 ms.
        const before = flow(ends, old, { ...owner, 'flow.duration': 0 });
        const next = flow(ends, observer, CART);
        const records = joinBatches(context, [
          flowBatch([before], 'node-1', T0 - 500 - overForMs),
          flowBatch([next]),
        ]);
        return { match: records[1]![`${old}.match`]!, name: records[1]![`${old}.k8s.pod.name`] ?? '' };
      };
      expect(join(-200)).toEqual({ match: 'peer_socket', name: 'gone' });
      expect(join(400).name).not.toBe('gone');
    },
  );

  describe('since which nobody tells whose addresses are', () => {
    /** Of a flow that began before and one that began after, what is said of its ends. */
    const join = (stale: 'omit' | 'mark', tellsAddresses = true): unknown[] => {
      const { cluster: facts, context, far } = cluster();
      facts.service('pay', '10.96.0.17', [far]);
      const source = context.source('a watch', { tellsAddresses });
      source.current();
      source.stale(T0 - 2000);
      const batch = (seconds: number) =>
        flowBatch([
          flow('10.2.1.1:1 > 10.2.2.1:80', 'source', {
            ...CART,
            'flow.duration': seconds,
            'flow.connect_duration': 0.01,
          }),
          flow('10.2.1.1:2 > 10.96.0.17:443', 'source', {
            ...CART,
            'flow.duration': seconds,
            'flow.connect_duration': 0.01,
          }),
        ]);
      const records = joinBatches(context, [batch(1), batch(60)], { stale });
      return records.map((record) => [
        record['source.match'],
        record['source.match.stale'],
        record['destination.match'],
        record['destination.match.stale'],
        record['destination.k8s.pod.name'] ?? record['destination.k8s.service.name'],
      ]);
    };
    const before = [
      ['cgroup', undefined, 'pod_ip', undefined, 'far'],
      ['cgroup', undefined, 'service', undefined, 'far'],
    ];

    test('leaves ends that rest on one without a name, and says why', () => {
      expect(join('omit')).toEqual([
        ['cgroup', undefined, 'none', true, undefined],
        ['cgroup', undefined, 'none', true, undefined],
        ...before,
      ]);
    });

    test('gives those ends their names and says that they are in doubt, where that is wanted', () => {
      expect(join('mark')).toEqual([
        ['cgroup', undefined, 'pod_ip', true, 'far'],
        ['cgroup', undefined, 'service', true, 'pay'],
        ...before,
      ]);
    });

    test.each(['omit', 'mark'] as const)('is told again by a second join, with %s', (stale) => {
      const { context } = cluster();
      const source = context.source('a watch');
      source.current();
      source.stale(T0 - 2000);
      const told = { ...CART, 'destination.match': 'none', 'destination.match.stale': true };
      const again = flow('10.2.1.1:1 > 10.2.2.1:80', 'source', {
        ...told,
        'flow.duration': 1,
        'flow.connect_duration': 0.01,
      });
      const join = (): Attributes => {
        const batch = flowBatch([again]);
        joinBatches(context, [batch], { stale });
        return attributesOf(batch)[0]!;
      };
      const inDoubt = join();
      source.current();
      const sure = join();
      expect([inDoubt['destination.match'], inDoubt['destination.match.stale']]).toEqual([
        stale === 'omit' ? 'none' : 'pod_ip',
        true,
      ]);
      expect([sure['destination.match'], sure['destination.match.stale']]).toEqual(['pod_ip', undefined]);
    });

    test('is nothing to worry about where who is silent tells of no addresses', () => {
      expect(join('omit', false)).toEqual([...before, ...before]);
    });
  });
});
