import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Peer, type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { totals, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

/** Below the ports that the kernel chooses for clients: that is how it is told where nobody listens any more. */
const LOW_PORT = 10_000 + (process.pid % 10_000);

const listen: Step = { do: 'listen', socket: 'l', host: '0.0.0.0' };
const listenLow: Step = { ...listen, port: LOW_PORT };
const accept: Step = { do: 'accept', from: 'l', socket: 'a' };

/** What a server does with its connection: the first part before the receiver runs, the rest afterwards. */
const serve: Step[] = [
  { do: 'receive', socket: 'a', bytes: 1000 },
  { do: 'send', socket: 'a', bytes: 2000 },
  { do: 'acked', socket: 'a' },
  { do: 'say', text: 'ready' },
  { do: 'wait' },
  { do: 'receive', socket: 'a', bytes: 10 },
  { do: 'send', socket: 'a', bytes: 20 },
  { do: 'close', socket: 'a' },
];

const use: Step[] = [
  { do: 'send', socket: 'c', bytes: 1000 },
  { do: 'receive', socket: 'c', bytes: 2000 },
  { do: 'wait' },
  { do: 'send', socket: 'c', bytes: 10 },
  { do: 'receive', socket: 'c' },
  { do: 'close', socket: 'c' },
];

/** Waits until both ends have done what comes before the receiver. */
async function ready(server: Peer, client: Peer): Promise<void> {
  expect(await server.next()).toEqual({ received: 1000 });
  expect(await server.next()).toEqual({ text: 'ready' });
  expect(await client.next()).toEqual({ received: 2000 });
}

const sinceTheStart = ['source', 'destination'].map((observer) => ({
  observer,
  sourceBytes: 10,
  destinationBytes: 20,
  end: 'closed',
}));

describe('a connection from before the start', () => {
  it.each([
    ['whose client let the kernel choose its port', [listen, accept], {}],
    ['whose client bound its port', [listen, accept], { bind: ['127.0.0.1', 0], isPortBound: true }],
    ['whose client bound its address alone', [listen, accept], { bind: ['127.0.0.1', 0] }],
    ['on whose port nobody listens any more', [listenLow, accept, { do: 'close', socket: 'l' }], {}],
  ])(
    '%s is found, with its ends the right way round, its processes, and what it carries from now on',
    async (_, begin, { bind, isPortBound }: { bind?: (string | number)[]; isPortBound?: boolean }) => {
      await withPeers(async (start) => {
        const server = start([...begin, ...serve]);
        const { port = 0, pid: serverPid } = await server.next();
        const bound =
          isPortBound === true
            ? { bind: ['127.0.0.1', LOW_PORT + 10_000] }
            : bind === undefined
              ? {}
              : { bind };
        const client = start([{ do: 'connect', socket: 'c', host: '127.0.0.1', port, ...bound }, ...use]);
        const { port: clientPort, pid: clientPid } = await client.next();
        await ready(server, client);
        await watching(async (watch) => {
          // Found at the first sweep, and nothing of before reported.
          const open = await watch.until(port, (flows) => flows.length >= 2);
          expect(
            totals(open).map(({ sourceBytes, destinationBytes }) => [sourceBytes, destinationBytes]),
          ).toEqual([
            [0, 0],
            [0, 0],
          ]);
          server.go();
          client.go();
          await Promise.all([server.end(), client.end()]);
          const flows = await watch.untilClosed(port, 2);
          expect(totals(flows)).toEqual(sinceTheStart);
          for (const flow of flows) {
            expect(flow).toMatchObject({
              'source.port': clientPort,
              'destination.port': port,
              'process.pid': flow['flow.observer'] === 'source' ? clientPid : serverPid,
            });
            expect(flow).not.toHaveProperty('flow.duration');
          }
        });
      });
    },
  );

  it('whose FIN is not acknowledged yet carries nothing more', async () => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start([listen, accept, { do: 'receive', socket: 'a' }], lab.server);
        const { port = 0 } = await server.next();
        const steps: Step[] = [
          { do: 'connect', socket: 'c', host: lab.serverAddress, port },
          { do: 'send', socket: 'c', bytes: 10 },
          { do: 'acked', socket: 'c' },
          { do: 'wait' },
          { do: 'shutdown', socket: 'c' },
          { do: 'say', text: 'shut down' },
          { do: 'wait' },
        ];
        const client = start(steps, lab.client);
        await client.next();
        lab.inServer(
          'nft',
          'add table ip wall; add chain ip wall in { type filter hook input priority 0; }; ' +
            'add rule ip wall in tcp flags & fin == fin drop',
        );
        client.go();
        await client.next();
        await watching(async (watch) => {
          await watch.until(port, (flows) => flows.length >= 2);
          lab.inServer('nft', 'delete table ip wall');
          client.go();
          const flows = await watch.untilClosed(port, 2);
          expect(totals(flows).map(({ sourceBytes }) => sourceBytes)).toEqual([0, 0]);
        });
      }),
    );
  });

  it('in another network namespace is found', async () => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start([listen, accept, ...serve], lab.server);
        const { port = 0 } = await server.next();
        const client = start(
          [{ do: 'connect', socket: 'c', host: lab.serverAddress, port }, ...use],
          lab.client,
        );
        await client.next();
        await ready(server, client);
        await watching(async (watch) => {
          server.go();
          client.go();
          await Promise.all([server.end(), client.end()]);
          expect(totals(await watch.untilClosed(port, 2))).toEqual(sinceTheStart);
        });
      }),
    );
  });

  it('that was not accepted yet is found', async () => {
    await withPeers(async (start) => {
      const server = start([
        listen,
        { do: 'wait' },
        accept,
        { do: 'receive', socket: 'a' },
        { do: 'close', socket: 'a' },
      ]);
      const { port = 0 } = await server.next();
      const client = start([
        { do: 'connect', socket: 'c', host: '127.0.0.1', port },
        { do: 'send', socket: 'c', bytes: 100 },
        { do: 'acked', socket: 'c' },
        { do: 'say', text: 'sent' },
        { do: 'wait' },
        { do: 'send', socket: 'c', bytes: 11 },
        { do: 'close', socket: 'c' },
      ]);
      await client.next();
      await client.next();
      await watching(async (watch) => {
        server.go();
        client.go();
        await Promise.all([server.end(), client.end()]);
        expect(totals(await watch.untilClosed(port, 2))).toEqual([
          { observer: 'source', sourceBytes: 11, destinationBytes: 0, end: 'closed' },
          { observer: 'destination', sourceBytes: 11, destinationBytes: 0, end: 'closed' },
        ]);
      });
    });
  });
});
