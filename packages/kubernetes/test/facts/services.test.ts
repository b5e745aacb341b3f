import { addressKey, endpointKey, portKey } from '@tributary/core';
import { expect, test } from 'vitest';
import { encode } from '../objects/encode.ts';
import { ms, Story } from './story.ts';

interface ServiceInput {
  readonly uid?: string;
  readonly created?: number;
  readonly spec: object;
  readonly ingress?: readonly object[];
}

class Services extends Story {
  readonly services = this.facts.handler('services');
  readonly slices = this.facts.handler('endpointslices');

  service(at: number, name: string, { uid = name, created = 0, spec, ingress = [] }: ServiceInput): void {
    const metadata = { name, namespace: 'ns', uid, creationTimestamp: { seconds: ms(created) / 1000 } };
    this.services.seen(encode('Service', { metadata, spec, status: { loadBalancer: { ingress } } }), ms(at));
  }

  slice(at: number, name: string, service: string, endpoints: readonly object[], addressType = 'IPv4'): void {
    this.slices.seen(this.sliceBytes(name, service, endpoints, addressType), ms(at));
  }

  sliceBytes(name: string, service: string, endpoints: readonly object[], addressType = 'IPv4'): Buffer {
    const labels = { 'kubernetes.io/service-name': service };
    const metadata = { name, namespace: 'ns', uid: name, labels };
    return encode('EndpointSlice', { metadata, endpoints, addressType });
  }

  at(address: string, port: number, at: number, transport: 'tcp' | 'udp' = 'tcp'): string {
    const key = endpointKey(addressKey(address)!, port, transport);
    return this.context.endpoints.at(key, ms(at))?.name ?? 'nobody';
  }

  backends(name: string): readonly string[] {
    for (const service of this.facts.services()) {
      if (service.name === name) return service.backends.map(({ address }) => address);
    }
    return [];
  }
}

const WEB = { clusterIP: '10.96.0.17', clusterIPs: ['10.96.0.17', 'fd00:96::17'], type: 'ClusterIP' };

test('a Service remembers the selectors that it has had of late', () => {
  const story = new Services();
  const select = (at: number, app: string, more: object = {}): readonly (readonly string[])[] => {
    story.service(at, 'web', { spec: { ...WEB, selector: { app }, ...more } });
    const [service] = story.facts.services();
    return service?.selectors ?? [];
  };
  expect(select(1, 'a')).toEqual([['app', 'a']]);
  expect(select(2, 'b')).toEqual([
    ['app', 'a'],
    ['app', 'b'],
  ]);
  expect(select(3, 'a')).toEqual([
    ['app', 'b'],
    ['app', 'a'],
  ]);
  for (const app of ['c', 'd']) select(4, app);
  expect(select(5, 'e').map(([, app]) => app)).toEqual(['a', 'c', 'd', 'e']);
  expect(select(6, '', { selector: {} })).toEqual([]);
});

test('a Service holds its ports at its cluster addresses since it was made', () => {
  const story = new Services();
  const ports = [
    { name: 'https', protocol: 'TCP', port: 443, targetPort: { intVal: 8443 } },
    { name: 'quic', protocol: 'UDP', port: 443, targetPort: { type: 1, strVal: 'quic' } },
  ];
  story.service(10, 'web', { created: 8, spec: { ...WEB, ports } });
  expect([7, 8, 99].map((at) => story.at('10.96.0.17', 443, at))).toEqual(['nobody', 'web', 'web']);
  expect(story.at('fd00:96::17', 443, 10, 'udp')).toBe('web');
  expect(story.at('10.96.0.17', 80, 10)).toBe('nobody');
  expect(story.context.serviceAddresses.at(addressKey('10.96.0.17')!, ms(10))?.name).toBe('web');
  const [service] = story.facts.services();
  expect(service?.ports).toEqual([
    { name: 'https', port: 443, transport: 'tcp', nodePort: 0, targetPort: 8443 },
    { name: 'quic', port: 443, transport: 'udp', nodePort: 0, targetPort: undefined },
  ]);
});

test('a Service has its node ports, load balancers’ and external addresses', () => {
  const story = new Services();
  const ports = [{ protocol: 'TCP', port: 80, nodePort: 30_080 }];
  const spec = { ...WEB, type: 'LoadBalancer', ports, externalIPs: ['198.51.100.7'] };
  story.service(10, 'web', { spec, ingress: [{ ip: '203.0.113.9' }, { hostname: 'lb.example.com' }] });
  expect([story.at('203.0.113.9', 80, 10), story.at('198.51.100.7', 80, 10)]).toEqual(['web', 'web']);
  expect(story.context.nodePorts.at(portKey(30_080, 'tcp'), ms(10))?.name).toBe('web');
  expect(story.context.nodePorts.at(portKey(30_080, 'udp'), ms(10))).toBeUndefined();
});

test('headless Services and names for elsewhere have no address', () => {
  const story = new Services();
  const ports = [{ port: 5432 }];
  story.service(10, 'db', { spec: { clusterIP: 'None', clusterIPs: ['None'], ports } });
  story.service(10, 'away', {
    spec: { type: 'ExternalName', externalName: 'x.example.com', externalIPs: ['198.51.100.7'], ports },
  });
  expect([...story.context.endpoints.keys(), ...story.context.serviceAddresses.keys()]).toEqual([]);
});

test('a port that comes and one that goes are known as of then', () => {
  const story = new Services();
  story.service(10, 'web', { spec: { ...WEB, ports: [{ port: 80 }] } });
  story.service(20, 'web', { spec: { ...WEB, ports: [{ port: 81 }] } });
  expect([19, 20].map((at) => story.at('10.96.0.17', 80, at))).toEqual(['web', 'nobody']);
  expect([19, 19.5, 20].map((at) => story.at('10.96.0.17', 81, at))).toEqual(['nobody', 'web', 'web']);
});

test('a cluster address that is handed on belongs to each Service in its time', () => {
  const story = new Services();
  story.service(10, 'old', { created: 5, spec: { ...WEB, ports: [{ port: 80 }] } });
  const metadata = { name: 'old', namespace: 'ns', uid: 'old' };
  story.services.deleted(encode('Service', { metadata }), ms(20));
  story.service(20.2, 'new', { created: 20, spec: { ...WEB, ports: [{ port: 80 }] } });
  expect([19, 20, 30].map((at) => story.at('10.96.0.17', 80, at))).toEqual(['old', 'new', 'new']);
});

test('a Service of the same name takes the place of the one before', () => {
  const story = new Services();
  story.slice(9, 's', 'web', [{ addresses: ['10.0.0.1'] }]);
  story.service(10, 'web', { uid: 'u1', created: 5, spec: { ...WEB, ports: [{ port: 80 }] } });
  story.service(20, 'web', {
    uid: 'u2',
    created: 15,
    spec: { clusterIP: '10.96.0.18', ports: [{ port: 80 }] },
  });
  expect([10, 17].map((at) => story.at('10.96.0.17', 80, at))).toEqual(['web', 'nobody']);
  expect(story.at('10.96.0.18', 80, 20)).toBe('web');
  expect([...story.facts.services()].map(({ uid }) => uid)).toEqual(['u2']);
  expect(story.backends('web')).toEqual(['10.0.0.1']);
});

test('ports that no connection can have are refused, the others are kept', () => {
  const story = new Services();
  const ports = [
    { port: 0 },
    { port: 70_000 },
    { port: 80, nodePort: -1 },
    { port: 80, protocol: 'ICMP' },
    { port: 81 },
  ];
  story.service(10, 'web', { spec: { ...WEB, ports } });
  expect(story.at('10.96.0.17', 81, 10)).toBe('web');
  expect(story.facts.refused('services', 'port_unusable')).toBe(4);
});

test('the ready endpoints of all slices of a Service are its backends, whichever comes first', () => {
  const story = new Services();
  const pod = { kind: 'Pod', name: 'web-0', uid: 'p0' };
  story.slice(9, 's1', 'web', [
    { addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: pod, nodeName: 'n1', zone: 'a' },
    { addresses: ['10.0.0.2'], conditions: { ready: false, terminating: true } },
    { addresses: ['10.0.0.3'] },
  ]);
  story.service(10, 'web', { spec: { ...WEB, ports: [{ port: 80 }] } });
  expect(story.backends('web')).toEqual(['10.0.0.1', '10.0.0.3']);
  story.slice(11, 's2', 'web', [{ addresses: ['fd00::1'] }], 'IPv6');
  story.slice(12, 's3', 'web', [{ addresses: ['web.example.com'] }], 'FQDN');
  const [service] = story.facts.services();
  expect(service?.backends).toEqual([
    { address: '10.0.0.1', podUid: 'p0', nodeName: 'n1', zone: 'a' },
    { address: '10.0.0.3', podUid: undefined, nodeName: undefined, zone: undefined },
    { address: 'fd00::1', podUid: undefined, nodeName: undefined, zone: undefined },
  ]);
  expect(service?.backendsSince).toBe(ms(11));
});

test('a Service is told to have changed when its backends have, and only then', () => {
  const story = new Services();
  const revisions: number[] = [];
  story.service(10, 'web', { spec: { ...WEB, ports: [{ port: 80 }] } });
  story.facts.onChange(({ entity }) => revisions.push(entity.revision));
  story.slice(11, 's1', 'web', [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }]);
  story.slice(12, 's1', 'web', [{ addresses: ['10.0.0.2'] }, { addresses: ['10.0.0.1'] }]);
  story.slices.deleted(story.sliceBytes('s1', 'web', []), ms(13));
  expect(revisions).toEqual([1, 2]);
  expect(story.backends('web')).toEqual([]);
});

test('the backends of a slice that a list does not have any more may have answered until then', () => {
  const story = new Services();
  story.service(10, 'web', { spec: { ...WEB, ports: [{ port: 80 }] } });
  story.slice(11, 's1', 'web', [{ addresses: ['10.0.0.1'] }]);
  story.slice(12, 's2', 'web', [{ addresses: ['10.0.0.2'] }]);
  story.slices.listing();
  story.slice(50, 's1', 'web', [{ addresses: ['10.0.0.1'] }]);
  story.slices.listed(ms(51));
  const [service] = story.facts.services();
  expect([service?.backends.map(({ address }) => address), service?.backendsSince]).toEqual([
    ['10.0.0.1'],
    ms(51),
  ]);
});

test('a slice that is given to another Service leaves the first', () => {
  const story = new Services();
  story.service(10, 'a', { spec: { ...WEB, ports: [] } });
  story.service(10, 'b', { spec: { clusterIP: '10.96.0.18', ports: [] } });
  story.slice(11, 's1', 'a', [{ addresses: ['10.0.0.1'] }]);
  story.slice(12, 's1', 'b', [{ addresses: ['10.0.0.1'] }]);
  expect([story.backends('a'), story.backends('b')]).toEqual([[], ['10.0.0.1']]);
});

test('a node is known by its name, its addresses and its place', () => {
  const story = new Services();
  const nodes = story.facts.handler('nodes');
  const labels = {
    'topology.kubernetes.io/region': 'eu-west-1',
    'topology.kubernetes.io/zone': 'eu-west-1a',
  };
  const metadata = { name: 'n1', uid: 'node-1', labels, creationTimestamp: { seconds: ms(5) / 1000 } };
  const node = (addresses: object[], version: string) =>
    encode('Node', {
      metadata: { ...metadata, resourceVersion: version },
      spec: { providerID: 'aws:///eu-west-1a/i-0123' },
      status: {
        addresses,
        conditions: [{ type: 'Ready', status: 'True' }],
        allocatable: { cpu: { string: '4' } },
      },
    });
  const internal = { type: 'InternalIP', address: '192.168.0.1' };
  nodes.seen(node([internal, { type: 'Hostname', address: 'n1' }], '1'), ms(10));
  const { context } = story;
  expect(context.nodes.at('n1', ms(6))).toMatchObject({
    providerId: 'aws:///eu-west-1a/i-0123',
    labels: Object.entries(labels).flat(),
    addresses: ['192.168.0.1'],
    conditions: ['Ready', 'True'],
    allocatable: ['cpu', '4'],
  });
  nodes.seen(
    node(
      [
        { type: 'ExternalIP', address: '203.0.113.1' },
        { type: 'InternalIP', address: '?' },
      ],
      '2',
    ),
    ms(20),
  );
  const names = (address: string) =>
    [4, 5, 19, 20]
      .map((at) => context.nodeAddresses.at(addressKey(address)!, ms(at))?.name ?? 'nobody')
      .join(' ');
  expect(names('192.168.0.1')).toBe('nobody n1 n1 nobody');
  expect(names('203.0.113.1')).toBe('nobody nobody nobody n1');
  expect(story.facts.refused('nodes', 'address_unusable')).toBe(1);
});
