import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { udpOnly, udpTotals, untilUdpClosed, watchingUdp } from './udp.ts';
import { type Flow, sum } from './watch.ts';

beforeEach(skipWithoutBpf);

const listen: Step = { do: 'open', socket: 's', bind: ['0.0.0.0', 0] };
const send = (sizes: number[], to?: readonly [string, number]): Step => ({
  do: 'send',
  socket: 'c',
  sizes,
  ...(to === undefined ? {} : { to }),
});
const receive = (datagrams: number): Step => ({ do: 'receive', socket: 's', datagrams });
const close: Step = { do: 'close', socket: 's' };

/** What both ends report of a flow in one direction. */
function bothSee(
  source: readonly [number, number],
  destination: readonly [number, number],
  end = 'closed',
): unknown {
  return ['source', 'destination'].map((observer) => ({ observer, source, destination, end }));
}

describe('a UDP flow', () => {
  it('between network namespaces is seen by both ends; what a firewall drops on the way, by its sender alone', async () => {
    await withLab((lab) =>
      watchingUdp(async (watch, start) => {
        const server = start(
          [listen, receive(2), { do: 'wait' }, { do: 'drain', socket: 's' }, close],
          lab.server,
        );
        const { port = 0 } = await server.next();
        const client = start(
          [
            { do: 'open', socket: 'c', connect: [lab.serverAddress, port] },
            send([100, 200]),
            { do: 'wait' },
            send([1000, 1000, 1000]),
            { do: 'close', socket: 'c' },
          ],
          lab.client,
        );
        await client.next();
        await server.next();
        lab.inServer('nft', 'add table inet t; add chain inet t c { type filter hook input priority 0; }');
        lab.inServer('nft', 'add rule inet t c udp length 1008 drop');
        client.go();
        await client.end();
        server.go();
        expect(await server.next()).toEqual({ received: 0, calls: 0 });
        await server.end();
        const flows = await untilUdpClosed(watch, port, 2);
        expect(udpTotals(flows)).toEqual([
          { observer: 'source', source: [3300, 5], destination: [0, 0], end: 'closed' },
          { observer: 'destination', source: [300, 2], destination: [0, 0], end: 'closed' },
        ]);
        expect(flows[0]).toMatchObject({
          'source.address': lab.clientAddress,
          'destination.address': lab.serverAddress,
        });
      }),
    );
  });

  it('to a port on which nobody listens was sent, and never received', async () => {
    await watchingUdp(async (watch, start) => {
      const gone = start([listen, close]);
      const { port = 0 } = await gone.next();
      await gone.end();
      const client = start([
        { do: 'open', socket: 'c', connect: ['127.0.0.1', port] },
        send([500]),
        { ...send([1]), expect_error: true },
        { do: 'close', socket: 'c' },
      ]);
      await client.next();
      expect(await client.next()).toEqual({ error: 'Connection refused' });
      await client.end();
      expect(udpTotals(await untilUdpClosed(watch, port, 1))).toEqual([
        { observer: 'source', source: [500, 1], destination: [0, 0], end: 'closed' },
      ]);
    });
  });

  it('whose receive queue overflows was received as far as there was room', async () => {
    const SENT = 500;
    await watchingUdp(async (watch, start) => {
      const SOL_SOCKET = 1;
      const SO_RCVBUF = 8;
      const server = start([
        { ...listen, options: [[SOL_SOCKET, SO_RCVBUF, 20_000]] },
        { do: 'wait' },
        { do: 'drain', socket: 's' },
        close,
      ]);
      const { port = 0 } = await server.next();
      const client = start([
        { do: 'open', socket: 'c', connect: ['127.0.0.1', port] },
        send(Array<number>(SENT).fill(1000)),
        { do: 'close', socket: 'c' },
      ]);
      await client.end();
      server.go();
      const { received = 0, calls = 0 } = await server.next();
      expect(calls).toBeGreaterThan(0);
      expect(calls).toBeLessThan(SENT);
      await server.end();
      expect(udpTotals(await untilUdpClosed(watch, port, 2))).toEqual([
        { observer: 'source', source: [1000 * SENT, SENT], destination: [0, 0], end: 'closed' },
        { observer: 'destination', source: [received, calls], destination: [0, 0], end: 'closed' },
      ]);
    });
  });

  it('ends when its process is killed', async () => {
    await watchingUdp(async (watch, start) => {
      const server = start([listen, receive(1), { do: 'wait' }]);
      const { port = 0, pid } = await server.next();
      const client = start([{ do: 'open', socket: 'c' }, send([70], ['127.0.0.1', port]), { do: 'wait' }]);
      await server.next();
      server.kill();
      client.kill();
      const flows = await untilUdpClosed(watch, port, 2);
      expect(udpTotals(flows)).toEqual(bothSee([70, 1], [0, 0]));
      // A sweep that met the flow as it began may have reported it without a process.
      expect(flows.findLast((flow) => flow['flow.observer'] === 'destination')).toMatchObject({
        'process.pid': pid,
      });
    });
  });

  it('ends when it is idle, and begins anew with what comes then', async () => {
    await watchingUdp(
      async (watch, start) => {
        const server = start([listen, receive(1), { do: 'wait' }, receive(1), { do: 'wait' }]);
        const { port = 0 } = await server.next();
        const client = start([
          { do: 'open', socket: 'c', connect: ['127.0.0.1', port] },
          send([10]),
          { do: 'wait' },
          send([7]),
          { do: 'wait' },
        ]);
        const { port: clientPort } = await client.next();
        await server.next();
        const states = (flows: Flow[]): unknown[] =>
          udpOnly(flows)
            .filter((flow) => flow['flow.observer'] === 'source')
            .map((flow) => [flow['flow.state'], flow['flow.source.packets'], flow['flow.end_reason']]);
        await untilUdpClosed(watch, port, 2);
        const once = [
          ['open', 1, undefined],
          ['closed', 0, 'idle_timeout'],
        ];
        expect(states(watch.to(port))).toEqual(once);
        server.go();
        client.go();
        const flows = await untilUdpClosed(watch, port, 4);
        expect(states(flows)).toEqual([...once, ...once]);
        expect(udpTotals(flows)).toEqual(bothSee([17, 2], [0, 0], 'idle_timeout'));
        expect(new Set(flows.map((flow) => flow['source.port']))).toEqual(new Set([clientPort]));
      },
      { flows: { udp: { idle_timeout: '1s' } } },
    );
  });
});

describe('a UDP socket from before the start', () => {
  it('gives what it carries from now on, with its ends the right way round', async () => {
    await withLab(async (lab) => {
      await withPeers(async (start) => {
        const server = start(
          [
            listen,
            { do: 'answer', socket: 's', datagrams: 1, bytes: 50 },
            { do: 'wait' },
            { do: 'answer', socket: 's', datagrams: 2, bytes: 60 },
            close,
          ],
          lab.server,
        );
        const { port = 0, pid: serverPid } = await server.next();
        const client = start(
          [
            { do: 'open', socket: 'c', connect: [lab.serverAddress, port] },
            send([10]),
            { do: 'receive', socket: 'c', datagrams: 1 },
            { do: 'wait' },
            send([20, 30]),
            { do: 'receive', socket: 'c', datagrams: 2 },
            { do: 'close', socket: 'c' },
          ],
          lab.client,
        );
        const { pid: clientPid } = await client.next();
        await client.next();
        await watchingUdp(async (watch) => {
          server.go();
          client.go();
          await Promise.all([server.end(), client.end()]);
          const flows = await untilUdpClosed(watch, port, 2);
          expect(udpTotals(flows)).toEqual(bothSee([50, 2], [120, 2]));
          for (const flow of flows) {
            expect(flow).toMatchObject({
              'process.pid': flow['flow.observer'] === 'source' ? clientPid : serverPid,
            });
            expect(flow).not.toHaveProperty('flow.duration');
          }
        });
      }, 'udp_peer.py');
    });
  });
});

describe('a UDP socket with many peers', () => {
  it('has a flow with each, and all end with it', async () => {
    const PEERS = 40;
    await watchingUdp(async (watch, start) => {
      const server = start([listen, { do: 'answer', socket: 's', datagrams: PEERS, bytes: 33 }, close]);
      const { port = 0 } = await server.next();
      const client = start([{ do: 'burst', sockets: PEERS, to: ['127.0.0.1', port], bytes: 21, hold: true }]);
      await Promise.all([server.end(), client.end()]);
      const flows = await untilUdpClosed(watch, port, 2 * PEERS);
      const ofServer = flows.filter((flow) => flow['flow.observer'] === 'destination');
      const peers = new Set(ofServer.map((flow) => flow['source.port']));
      expect(
        [...peers].flatMap((peer) => udpTotals(ofServer.filter((flow) => flow['source.port'] === peer))),
      ).toEqual(
        Array(PEERS).fill({ observer: 'destination', source: [21, 1], destination: [33, 1], end: 'closed' }),
      );
    });
  });

  it('that are more than there is room for loses none in silence', async () => {
    const PEERS = 5000;
    await watchingUdp(
      async (watch, start) => {
        const server = start([
          listen,
          { do: 'answer', socket: 's', datagrams: PEERS, bytes: 1 },
          { do: 'say', text: 'answered' },
          { do: 'wait' },
          close,
        ]);
        const { port = 0, pid } = await server.next();
        const client = start([{ do: 'burst', sockets: PEERS, to: ['127.0.0.1', port], bytes: 1 }]);
        await client.end();
        await server.next();
        // Whose flow made room for others before it had its answer is the source of the answer.
        const counted = (): number => {
          const ofServer = udpOnly(watch.at(port)).filter((flow) => flow['process.pid'] === pid);
          return sum(ofServer, 'flow.source.packets') + sum(ofServer, 'flow.destination.packets');
        };
        const seen = () => {
          const flows = watch.to(port);
          const { udp_peers_full: notCounted = 0, ...others } = watch.losses();
          const otherLosses = Object.keys(others).filter((reason) => reason.startsWith('udp_'));
          const hasEvicted = flows.some((flow) => flow['flow.end_reason'] === 'evicted');
          // What is not counted is of the whole machine, on which others send as well.
          const isAllTold = counted() + notCounted >= 2 * PEERS;
          return { isAllTold, otherLosses, hasEvicted };
        };
        await expect
          .poll(seen, { timeout: 30_000, interval: 50 })
          .toEqual({ isAllTold: true, otherLosses: [], hasEvicted: true });
        expect(counted()).toBeGreaterThan(2 * 1024);
        expect(counted()).toBeLessThanOrEqual(2 * PEERS);
        server.go();
        await server.end();
      },
      { flows: { udp: { max_peers: 1024 } } },
    );
  });
});

describe('datagrams to an address that this machine translates', () => {
  it.each([
    ['a connected socket', true],
    ['an unconnected one', false],
  ])('of %s are of the flow with that address', async (_, connected) => {
    await withLab((lab) =>
      watchingUdp(async (watch, start) => {
        const server = start(
          [listen, { do: 'answer', socket: 's', datagrams: 2, bytes: 9 }, close],
          lab.server,
        );
        const { port = 0 } = await server.next();
        const service = ['192.0.2.10', 53] as const;
        lab.inClient('ip', 'route', 'add', 'default', 'via', lab.serverAddress);
        lab.inClient('nft', 'add table ip n; add chain ip n o { type nat hook output priority -100; }');
        lab.inClient(
          'nft',
          `add rule ip n o ip daddr ${service[0]} udp dport 53 dnat to ${lab.serverAddress}:${port}`,
        );
        const client = start(
          [
            { do: 'open', socket: 'c', ...(connected ? { connect: service } : {}) },
            send([5, 6], connected ? undefined : service),
            { do: 'receive', socket: 'c', datagrams: 2 },
            { do: 'close', socket: 'c' },
          ],
          lab.client,
        );
        await client.next();
        await Promise.all([server.end(), client.end()]);
        const ours = (flows: Flow[]): Flow[] =>
          flows.filter((flow) => flow['destination.address'] === service[0]);
        const flows = await watch.until(53, (found) =>
          ours(found).some((flow) => flow['flow.state'] === 'closed'),
        );
        expect(udpTotals(ours(flows))).toEqual([
          { observer: 'source', source: [11, 2], destination: [18, 2], end: 'closed' },
        ]);
        expect(ours(flows)[0]).toMatchObject({ 'source.address': lab.clientAddress });
        expect(udpTotals(await untilUdpClosed(watch, port, 1))).toEqual([
          { observer: 'destination', source: [11, 2], destination: [18, 2], end: 'closed' },
        ]);
      }),
    );
  });
});
