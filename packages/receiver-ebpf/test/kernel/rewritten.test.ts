/** Connections that another program sends elsewhere at connect(), as a CNI's socket-level load balancing does. */
import { beforeEach, describe, expect, it } from 'vitest';
import { withCgroups } from './cgroup-lab.ts';
import { startServer, withPeers } from './peer.ts';
import { AT_CONNECT, ROOT_CGROUP, rewriting } from './rewriting.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, type Watch, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

const SERVICE_PORT = 80;

/** What the records of a connection say of where it goes, each once. */
function destinations(flows: readonly Flow[]): unknown[] {
  const all = flows.map((flow) => ({
    observer: flow['flow.observer'],
    state: flow['flow.state'],
    destination: `${flow['destination.address']} ${flow['destination.port']}`,
    nat: `${flow['destination.nat.address']} ${flow['destination.nat.port']}`,
    type: flow['network.type'],
  }));
  const texts = new Set(all.map((each) => JSON.stringify(each)));
  return [...texts].toSorted().map((text) => JSON.parse(text));
}

/** Where this file's clients connect from. A port is another connection's elsewhere. */
const LOOPBACK: readonly unknown[] = ['127.0.0.1', '::1'];

/** The records of the connections that this port's client has with a service or with the server itself. */
async function recordsOf(
  watch: Watch,
  clientPort: number,
  isDone: (flows: Flow[]) => boolean,
): Promise<Flow[]> {
  return await watch.untilAll((flows) => {
    const own = flows.filter(
      (flow) => flow['source.port'] === clientPort && LOOPBACK.includes(flow['source.address']),
    );
    return isDone(own) ? own : undefined;
  });
}

const closed = (flows: readonly Flow[]): number =>
  flows.filter((flow) => flow['flow.state'] === 'closed').length;

const CASES = [
  {
    what: 'IPv4',
    family: 'inet',
    asked: '192.0.2.10',
    service: '192.0.2.10',
    backend: '127.0.0.1',
    type: 'ipv4',
  },
  {
    what: 'IPv6',
    family: 'inet6',
    asked: '2001:db8::10',
    service: '2001:db8::10',
    backend: '::1',
    type: 'ipv6',
  },
  {
    what: 'IPv4 on an IPv6 socket',
    family: 'inet6',
    asked: '::ffff:192.0.2.10',
    service: '192.0.2.10',
    backend: '127.0.0.1',
    type: 'ipv4',
  },
] as const;

describe('a connection that is sent elsewhere at connect()', () => {
  const places = [
    { place: 'its own cgroup', isRoot: false },
    { place: 'the root, before the receiver', isRoot: true },
  ];
  const cases = CASES.flatMap((one) => places.map((place) => ({ ...one, ...place })));

  it.for(cases)(
    'has what was asked for and where it went: $what, by a program of $place',
    async ({ family, asked, service, backend, type, isRoot }) => {
      await withPeers(async (start) => {
        const server = start([
          { do: 'listen', socket: 'l', host: '::', family: 'inet6' },
          { do: 'accept', from: 'l', socket: 'a' },
          { do: 'receive', socket: 'a' },
        ]);
        const { port = 0 } = await server.next();
        await withCgroups(ROOT_CGROUP, async (lab) => {
          const cgroup = lab.make('client');
          await rewriting(
            AT_CONNECT,
            { cgroup: isRoot ? ROOT_CGROUP : cgroup, servicePort: SERVICE_PORT, port },
            () =>
              watching(async (watch) => {
                const client = start(
                  [
                    { do: 'connect', socket: 'c', host: asked, port: SERVICE_PORT, family },
                    { do: 'send', socket: 'c', bytes: 100 },
                    { do: 'wait' },
                    { do: 'close', socket: 'c' },
                  ],
                  ['sh', '-c', `echo $$ > ${cgroup}/cgroup.procs; exec "$@"`, 'sh'],
                );
                const { port: clientPort = 0 } = await client.next();
                await recordsOf(watch, clientPort, (flows) => flows.length >= 2);
                client.go();
                await Promise.all([client.end(), server.end()]);
                const flows = await recordsOf(watch, clientPort, (all) => closed(all) === 2);
                const actual = { destination: `${backend} ${port}`, nat: 'undefined undefined', type };
                const rewritten = {
                  destination: `${service} ${SERVICE_PORT}`,
                  nat: `${backend} ${port}`,
                  type,
                };
                expect(destinations(flows)).toEqual([
                  { observer: 'destination', state: 'closed', ...actual },
                  { observer: 'destination', state: 'open', ...actual },
                  { observer: 'source', state: 'closed', ...rewritten },
                  { observer: 'source', state: 'open', ...rewritten },
                ]);
                // Other losses are the whole machine's, on which others work.
                expect(Object.keys(watch.losses()).filter((reason) => reason.startsWith('asked_'))).toEqual(
                  [],
                );
              }),
          );
        });
      });
    },
  );
});

it('a socket that is connected anew has what it was asked for then', async () => {
  await withPeers(async (start) => {
    const { server, port } = await startServer(start, [
      { do: 'accept', from: 'l', socket: 'b' },
      { do: 'receive', socket: 'b' },
    ]);
    await withCgroups(ROOT_CGROUP, async (lab) => {
      const cgroup = lab.make('client');
      await rewriting(AT_CONNECT, { cgroup, servicePort: SERVICE_PORT, port }, () =>
        watching(async (watch) => {
          const client = start(
            [
              { do: 'connect', socket: 'c', host: '192.0.2.10', port: SERVICE_PORT },
              { do: 'again', socket: 'c', host: '127.0.0.1', port },
              { do: 'close', socket: 'c' },
            ],
            ['sh', '-c', `echo $$ > ${cgroup}/cgroup.procs; exec "$@"`, 'sh'],
          );
          const first = await client.next();
          const second = await client.next();
          await Promise.all([client.end(), server.end()]);
          const ends = async (clientPort = 0) =>
            destinations(
              (await recordsOf(watch, clientPort, (flows) => closed(flows) >= 2)).filter(
                (flow) => flow['flow.observer'] === 'source' && flow['flow.state'] === 'closed',
              ),
            );
          expect(await ends(first.port)).toMatchObject([
            { destination: `192.0.2.10 ${SERVICE_PORT}`, nat: `127.0.0.1 ${port}` },
          ]);
          expect(await ends(second.port)).toMatchObject([
            { destination: `127.0.0.1 ${port}`, nat: 'undefined undefined' },
          ]);
        }),
      );
    });
  });
});

it.each([
  { host: '0.0.0.0', family: 'inet', address: '127.0.0.1' },
  { host: '::', family: 'inet6', address: '::1' },
])(
  'a connection to $host, which is the machine itself, is not taken for one that was sent elsewhere',
  async ({ host, family, address }) => {
    await withPeers(async (start) => {
      const server = start([
        { do: 'listen', socket: 'l', host: address, family },
        { do: 'accept', from: 'l', socket: 'a' },
        { do: 'receive', socket: 'a' },
      ]);
      const { port = 0 } = await server.next();
      await watching(async (watch) => {
        const client = start([{ do: 'connect', socket: 'c', host, port, family }]);
        await Promise.all([client.end(), server.end()]);
        const flows = await watch.untilClosed(port, 2);
        expect(
          new Set(destinations(flows).map((one) => JSON.stringify((one as { nat: string }).nat))),
        ).toEqual(new Set(['"undefined undefined"']));
      });
    });
  },
);
