import { expect, it } from 'vitest';
import { flows, run } from './run.ts';

/** What a record of the destination says of where the source is, and whether it counts the connection, by `watched`. */
const CASES: [Record<string, string>, { cluster: boolean; node: boolean; none: boolean }][] = [
  [{ 'network.flow.scope': 'same_node' }, { cluster: false, node: false, none: true }],
  [{ 'network.flow.scope': 'same_zone' }, { cluster: false, node: true, none: true }],
  [{ 'network.flow.scope': 'same_region' }, { cluster: false, node: true, none: true }],
  [{ 'network.flow.scope': 'same_cluster' }, { cluster: false, node: true, none: true }],
  [{ 'network.flow.scope': 'external' }, { cluster: true, node: true, none: true }],
  [
    { 'network.flow.scope': 'external', 'source.match': 'peer_socket' },
    { cluster: false, node: false, none: true },
  ],
  [{ 'source.match': 'peer_socket' }, { cluster: false, node: false, none: true }],
  [{ 'source.match': 'cgroup' }, { cluster: false, node: false, none: true }],
  [{ 'source.match': 'pod_ip' }, { cluster: false, node: true, none: true }],
  [{ 'source.match': 'node' }, { cluster: false, node: true, none: true }],
  [
    { 'source.match': 'pod_ip', 'network.flow.scope': 'external' },
    { cluster: true, node: true, none: true },
  ],
  [{ 'source.match': 'dns' }, { cluster: true, node: true, none: true }],
  [{ 'source.match': 'cidr' }, { cluster: true, node: true, none: true }],
  [
    { 'source.match': 'none', 'source.address': '203.0.113.9' },
    { cluster: true, node: true, none: true },
  ],
  [{ 'source.address': '127.0.0.5' }, { cluster: false, node: false, none: true }],
  [{ 'source.address': '::1' }, { cluster: false, node: false, none: true }],
  [{}, { cluster: true, node: true, none: true }],
];

async function isCounted(watched: string, attributes: Record<string, unknown>): Promise<boolean> {
  const record = {
    ...attributes,
    'flow.source.bytes': 1,
    'flow.destination.bytes': 2,
    'flow.state': 'closed',
  };
  const points = await run({ watched, dimensions: { ends: [], flow: [] } }, flows(record));
  return points.length > 0;
}

it.each(CASES)(
  'a record of the destination whose source is %j counts its connection: %j',
  async (attributes, expected) => {
    const counted: Record<string, boolean> = {};
    for (const watched of ['cluster', 'node', 'none']) {
      counted[watched] = await isCounted(watched, { ...attributes, 'flow.observer': 'destination' });
    }
    expect(counted).toEqual(expected);
  },
);

it.each(CASES)('a record of the source counts its connection, whatever %j', async (attributes) => {
  for (const watched of ['cluster', 'node', 'none']) {
    expect(await isCounted(watched, { ...attributes, 'flow.observer': 'source' })).toBe(true);
    expect(await isCounted(watched, attributes)).toBe(true);
  }
});
