/**
 * Random histories of pods that die and whose addresses are handed on, of Services, and of connections between them with few
 * source ports: whoever the join names was there, and where the address alone tells it, somebody is named.
 */
import type { Pod } from '@tributary/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Attributes, flow, flowBatch, joinBatches, T0, TestCluster } from './cluster.ts';

const ADDRESSES = 4;
/** Connections begin in steps of this, so that many begin at once. */
const STEP_MS = 60;
const SPAN_MS = 1800;
const PORTS = 2;
const SERVICES = ['10.96.0.17', '10.96.0.18'];

interface Life {
  readonly pod: Pod;
  readonly address: string;
  readonly from: number;
  readonly to: number;
  /** Until when its claim reaches: the news of its end may come late, so that nobody can be named in between. */
  readonly claimedTo: number;
}

interface Connection {
  readonly client: Life;
  readonly server: Life;
  /** The address of the Service that was asked for; undefined: the server itself. */
  readonly service: string | undefined;
  readonly port: number;
  readonly beginMs: number;
  readonly endMs: number;
}

const historyArbitrary = fc.record({
  /** For each address: how long each holder lives, how long the address is free then, and how late its end is known. */
  lives: fc.array(
    fc.array(fc.tuple(fc.integer({ min: 200, max: 1000 }), fc.nat(100), fc.nat(100)), {
      minLength: 1,
      maxLength: 8,
    }),
    { minLength: 2, maxLength: ADDRESSES },
  ),
  connections: fc.array(
    fc.record({
      client: fc.nat(),
      server: fc.nat(),
      service: fc.constantFrom(undefined, ...SERVICES),
      port: fc.nat(PORTS - 1),
      beginsAfterMs: fc.nat(SPAN_MS / STEP_MS).map((steps) => steps * STEP_MS),
      lasts: fc.integer({ min: 1, max: 300 }),
    }),
    { maxLength: 60, size: 'max' },
  ),
  nodes: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
});

type History = typeof historyArbitrary extends fc.Arbitrary<infer T> ? T : never;

function live(cluster: TestCluster, { lives, nodes }: History): Life[] {
  return lives.flatMap((holders, host) => {
    const address = `10.2.1.${host + 1}`;
    let from = T0;
    return holders.map(([lastsMs, freeMs, lateMs], index) => {
      const to = from + lastsMs;
      const name = `pod-${host}-${index}`;
      const node = nodes[(host + index) % nodes.length] === true ? 'node-1' : 'node-2';
      const pod = cluster.pod({ name, address, node }, from);
      const life = { pod, address, from, to, claimedTo: to + lateMs };
      cluster.end(pod, life.claimedTo);
      from = to + freeMs;
      return life;
    });
  });
}

/** Connections that can have been: both pods lived, and no socket was used twice for the same at one time. */
function connect(lives: readonly Life[], { connections }: History): Connection[] {
  const made: Connection[] = [];
  const used = new Map<string, number>();
  const drawn = connections.map((drawn) => ({ ...drawn, beginMs: T0 + 1 + drawn.beginsAfterMs }));
  for (const { client, server, service, port, beginMs, lasts } of drawn.sort(
    (a, b) => a.beginMs - b.beginMs,
  )) {
    const alive = lives.filter(({ from, to }) => beginMs > from && beginMs + lasts < to);
    const from = alive[client % Math.max(alive.length, 1)];
    const to = alive[server % Math.max(alive.length, 1)];
    if (from === undefined || to === undefined || from === to) continue;
    const asked = service ?? to.address;
    // The kernel chooses no port that is in use for the same destination, nor one that its connection tracking has.
    const keys = [`${from.address}:${port}>${asked}`, `${from.address}:${port}>${to.address}`];
    if (keys.some((key) => (used.get(key) ?? 0) > beginMs)) continue;
    for (const key of keys) used.set(key, beginMs + lasts + 1);
    made.push({
      client: from,
      server: to,
      service,
      port: 40_000 + port,
      beginMs,
      endMs: beginMs + lasts,
    });
  }
  return made;
}

/** What the agent of node-1 sees of a connection: the records of the ends that are there. */
function recordsOf({ client, server, service, port, beginMs, endMs }: Connection) {
  const seconds = (endMs - beginMs) / 1000;
  const socket = ({ pod }: Life): Attributes => ({ 'container.id': `c-${pod.name}`, 'k8s.pod.uid': pod.uid });
  const destination = service === undefined ? `${server.address}:8443` : `${service}:443`;
  const records = [];
  if (client.pod.nodeName === 'node-1') {
    const told = { ...socket(client), 'flow.duration': seconds, 'flow.connect_duration': 0.005 };
    records.push(flow(`${client.address}:${port} > ${destination}`, 'source', told));
  }
  if (server.pod.nodeName === 'node-1') {
    const told = { ...socket(server), 'flow.duration': Math.max(seconds - 0.005, 0.0001) };
    records.push(flow(`${client.address}:${port} > ${server.address}:8443`, 'destination', told));
  }
  return records;
}

/** Who had an address, by going through all claims. */
function holderOf(lives: readonly Life[], address: string, timeMs: number): string | undefined {
  const holders = lives.filter(
    (life) => life.address === address && timeMs >= life.from && timeMs < life.claimedTo,
  );
  return holders.length === 1 ? holders[0]!.pod.name : undefined;
}

test('nobody is named who was not there, and everybody whom the address alone tells', () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      const cluster = new TestCluster();
      cluster.node('node-1', '192.168.0.1');
      cluster.node('node-2', '192.168.0.2');
      const lives = live(cluster, history);
      const pods = lives.map(({ pod }) => pod);
      for (const address of SERVICES) cluster.service(address, address, pods);
      const made = connect(lives, history);
      const seen = made.flatMap((connection) =>
        recordsOf(connection).map((record) => ({ connection, record })),
      );
      const batches = seen.map(({ connection, record }) => flowBatch([record], 'node-1', connection.endMs));
      const joined = joinBatches(cluster.context, batches);
      for (const [index, { connection, record }] of seen.entries()) {
        const attributes = joined[index]!;
        const { client, server, service } = connection;
        const told = {
          source: attributes['source.k8s.pod.name'],
          destination: attributes['destination.k8s.pod.name'],
        };
        const isServer = record['flow.observer'] === 'destination';
        const beginMs = connection.endMs - (record['flow.duration'] as number) * 1000;
        if (told.source !== undefined) expect(told.source).toBe(client.pod.name);
        if (told.destination !== undefined) expect(told.destination).toBe(server.pod.name);
        expect(isServer ? told.destination : told.source).toBeDefined();
        if (isServer && told.source === undefined)
          expect(holderOf(lives, client.address, beginMs)).toBeUndefined();
        if (isServer || service !== undefined || told.destination !== undefined) continue;
        expect(holderOf(lives, server.address, beginMs)).toBeUndefined();
      }
    }),
    { numRuns: 1000 },
  );
});
