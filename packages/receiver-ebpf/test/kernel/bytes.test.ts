import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Step, startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { totals, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

/** Steps of a server that takes one connection, and of a client. Each sends so many bytes and reads what it is sent. */
const serverSteps = (receives: number, sends: number, listen: object = {}): Step[] => [
  { do: 'listen', socket: 'l', host: '0.0.0.0', ...listen },
  { do: 'accept', from: 'l', socket: 'a' },
  { do: 'receive', socket: 'a', bytes: receives },
  { do: 'send', socket: 'a', bytes: sends },
  { do: 'close', socket: 'a' },
];
const clientSteps = (
  host: string,
  port: number,
  sends: number,
  receives: number,
  connect: object = {},
): Step[] => [
  { do: 'connect', socket: 'c', host, port, ...connect },
  { do: 'send', socket: 'c', bytes: sends },
  { do: 'receive', socket: 'c', bytes: receives },
  { do: 'receive', socket: 'c' },
  { do: 'close', socket: 'c' },
];

/** What both ends report of a connection that was closed, or is still open. */
const bothSaw = (sourceBytes: number, destinationBytes: number, state: 'open' | 'closed' = 'closed') =>
  ['source', 'destination'].map((observer) => ({
    observer,
    sourceBytes,
    destinationBytes,
    end: state === 'open' ? undefined : 'closed',
  }));

describe('the bytes of a connection', () => {
  it.each([
    [0, 0],
    [1, 1],
    [100, 1_000_000],
    [3_000_000, 7],
  ])(
    'are exact at both ends: %i one way and %i the other, between network namespaces',
    async (there, back) => {
      await withLab((lab) =>
        watching((watch) =>
          withPeers(async (start) => {
            const server = start(serverSteps(there, back), lab.server);
            const { port = 0 } = await server.next();
            const client = start(clientSteps(lab.serverAddress, port, there, back), lab.client);
            const { port: clientPort } = await client.next();
            await Promise.all([server.end(), client.end()]);
            const flows = await watch.untilClosed(port, 2);
            expect(totals(flows)).toEqual(bothSaw(there, back));
            for (const flow of flows) {
              expect(flow).toMatchObject({
                'network.transport': 'tcp',
                'network.type': 'ipv4',
                'source.address': lab.clientAddress,
                'source.port': clientPort,
                'destination.address': lab.serverAddress,
                'destination.port': port,
              });
            }
          }),
        ),
      );
    },
  );

  it('are exact for IPv6', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          const inet6 = { family: 'inet6' };
          const server = start(serverSteps(1000, 2000, { ...inet6, host: '::' }), lab.server);
          const { port = 0 } = await server.next();
          const client = start(clientSteps(lab.serverAddress6, port, 1000, 2000, inet6), lab.client);
          await Promise.all([server.end(), client.end()]);
          const flows = await watch.untilClosed(port, 2);
          expect(totals(flows)).toEqual(bothSaw(1000, 2000));
          expect(
            new Set(flows.map((flow) => `${flow['network.type']} ${flow['destination.address']}`)),
          ).toEqual(new Set([`ipv6 ${lab.serverAddress6}`]));
        }),
      ),
    );
  });

  it('of an IPv6 socket that speaks IPv4 are shown as IPv4', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const server = start(serverSteps(10, 20, { family: 'inet6', host: '::' }));
        const { port = 0 } = await server.next();
        const client = start(clientSteps('::ffff:127.0.0.1', port, 10, 20, { family: 'inet6' }));
        await Promise.all([server.end(), client.end()]);
        const flows = await watch.untilClosed(port, 2);
        expect(totals(flows)).toEqual(bothSaw(10, 20));
        for (const flow of flows) {
          expect(flow).toMatchObject({
            'network.type': 'ipv4',
            'source.address': '127.0.0.1',
            'destination.address': '127.0.0.1',
          });
        }
      }),
    );
  });

  it('of a long connection are each reported once, over all its records', async () => {
    const MANY = 30_000_000;
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [
          { do: 'receive', socket: 'a', bytes: 1000 },
          { do: 'receive', socket: 'a', bytes: MANY },
          { do: 'send', socket: 'a', bytes: MANY },
          { do: 'acked', socket: 'a' },
          { do: 'receive', socket: 'a' },
        ]);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 1000 },
          { do: 'acked', socket: 'c' },
          { do: 'wait' },
          { do: 'send', socket: 'c', bytes: MANY },
          { do: 'receive', socket: 'c', bytes: MANY },
          { do: 'wait' },
          { do: 'send', socket: 'c', bytes: 7 },
        ]);
        await client.next();
        const seen = async (sourceBytes: number, destinationBytes: number): Promise<void> => {
          const expected = JSON.stringify(bothSaw(sourceBytes, destinationBytes, 'open'));
          await watch.until(port, (flows) => JSON.stringify(totals(flows)) === expected);
        };
        await seen(1000, 0);
        client.go();
        await seen(1000 + MANY, MANY);
        client.go();
        await Promise.all([server.end(), client.end()]);
        expect(totals(await watch.untilClosed(port, 2))).toEqual(bothSaw(1007 + MANY, MANY));
      }),
    );
  });

  it('are reported while it is half closed', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [
          { do: 'receive', socket: 'a' },
          { do: 'send', socket: 'a', bytes: 5000 },
          { do: 'acked', socket: 'a' },
          { do: 'wait' },
          { do: 'send', socket: 'a', bytes: 500 },
        ]);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 300 },
          { do: 'shutdown', socket: 'c' },
          { do: 'receive', socket: 'c' },
        ]);
        await client.next();
        await watch.until(
          port,
          (flows) =>
            totals(flows)
              .map((total) => total.destinationBytes + total.sourceBytes)
              .join() === '5300,5300',
        );
        server.go();
        await Promise.all([server.end(), client.end()]);
        expect(totals(await watch.untilClosed(port, 2))).toEqual(bothSaw(300, 5500));
      }),
    );
  });

  it('that the SYN carried count as well (TCP Fast Open)', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          lab.inServer('sysctl', '-qw', 'net.ipv4.tcp_fastopen=3');
          const steps = serverSteps(700, 50, { fastopen: true });
          const server = start([...steps, ...steps.slice(1)], lab.server);
          const { port = 0 } = await server.next();
          // The first connection fetches the cookie with which the second sends data at once.
          for (const _ of ['cookie', 'data']) {
            const client = start(
              clientSteps(lab.serverAddress, port, 500, 50, { fastopen_bytes: 200 }),
              lab.client,
            );
            await client.end();
          }
          await server.end();
          expect(totals(await watch.untilClosed(port, 4))).toEqual(bothSaw(1400, 100));
        }),
      ),
    );
  });

  it('of a connection with itself are seen once, by an end that opened it', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const probe = start([{ do: 'listen', socket: 'l', host: '127.0.0.1' }]);
        const { port = 0 } = await probe.next();
        await probe.end();
        const self = start([
          { do: 'connect', socket: 's', host: '127.0.0.1', port, bind: ['127.0.0.1', port] },
          { do: 'send', socket: 's', bytes: 42 },
          { do: 'receive', socket: 's', bytes: 42 },
          { do: 'close', socket: 's' },
        ]);
        await self.end();
        expect(totals(await watch.untilClosed(port, 1))).toEqual(bothSaw(42, 42).slice(0, 1));
      }),
    );
  });

  it('begin anew when a socket is connected again', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [
          { do: 'receive', socket: 'a', bytes: 1000 },
          { do: 'accept', from: 'l', socket: 'b' },
          { do: 'receive', socket: 'b' },
        ]);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 1000 },
          { do: 'acked', socket: 'c' },
          { do: 'wait' },
          { do: 'again', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 10 },
          { do: 'close', socket: 'c' },
        ]);
        const first = await client.next();
        await watch.until(port, (flows) => flows.length >= 2);
        client.go();
        const second = await client.next();
        await Promise.all([server.end(), client.end()]);
        const flows = await watch.untilClosed(port, 4);
        const of = (sourcePort: number | undefined) =>
          totals(flows.filter((flow) => flow['source.port'] === sourcePort)).map(({ sourceBytes, end }) => [
            sourceBytes,
            end,
          ]);
        expect([of(first.port), of(second.port)]).toEqual([
          [
            [1000, 'aborted'],
            [1000, 'reset'],
          ],
          [
            [10, 'closed'],
            [10, 'closed'],
          ],
        ]);
      }),
    );
  });

  it('are exact where packets get lost, on the way and in the own queue, and so are the retransmits', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          lab.inServer(
            'nft',
            'add table ip lossy; add chain ip lossy in { type filter hook input priority 0; };' +
              'add rule ip lossy in tcp dport != 0 numgen inc mod 10 == 4 drop',
          );
          lab.inClient(
            'tc',
            'qdisc',
            'add',
            'dev',
            'wire',
            'root',
            'tbf',
            'rate',
            '50mbit',
            'burst',
            '16kb',
            'limit',
            '20kb',
          );
          const server = start(serverSteps(400_000, 10), lab.server);
          const { port = 0 } = await server.next();
          const client = start(
            clientSteps(lab.serverAddress, port, 400_000, 10).flatMap((step) =>
              step.do === 'close' ? [{ do: 'info', socket: 'c' }, step] : [step],
            ),
            lab.client,
          );
          await client.next();
          await client.next();
          await client.next();
          const { retransmits } = await client.next();
          await Promise.all([server.end(), client.end()]);
          const flows = await watch.untilClosed(port, 2);
          expect(totals(flows)).toEqual(bothSaw(400_000, 10));
          const ofSource = flows.filter((flow) => flow['flow.observer'] === 'source');
          expect(retransmits).toBeGreaterThan(10);
          // The FIN, which comes after the look, may be lost as well.
          const reported = ofSource.reduce(
            (total, flow) => total + Number(flow['flow.source.retransmits']),
            0,
          );
          expect(reported).toBeGreaterThanOrEqual(retransmits as number);
          expect(reported).toBeLessThanOrEqual((retransmits as number) + 10);
          expect(
            Number(
              watch.settings.registry.snapshot()['otelcol_receiver_ebpf_tcp_retransmits{receiver="ebpf"}'],
            ),
          ).toBeGreaterThanOrEqual(10);
        }),
      ),
    );
  });
});
