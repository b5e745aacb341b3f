import { beforeEach, describe, expect, it } from 'vitest';
import type { Step } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { udpLosses, udpTotals, untilUdpClosed, watchingUdp } from './udp.ts';

beforeEach(skipWithoutBpf);

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

const WAYS = [
  ['IPv4', 'inet', '127.0.0.1', 'inet', '127.0.0.1', 'ipv4'],
  ['IPv6', 'inet6', '::1', 'inet6', '::1', 'ipv6'],
  ['IPv4 on IPv6 sockets', 'inet6', '::', 'inet6', '::ffff:127.0.0.1', 'ipv4'],
  ['an IPv4 client of an IPv6 socket', 'inet6', '::', 'inet', '127.0.0.1', 'ipv4'],
] as const;

/** One way of sending 3 datagrams of 1000 bytes in all, and of reading them. */
interface Case {
  readonly server?: Step[];
  readonly client?: Step[];
  readonly serverOptions?: readonly (readonly number[])[];
  readonly clientOptions?: readonly (readonly number[])[];
  readonly expected: readonly [bytes: number, datagrams: number];
}

const send = (...sizes: number[]): Step => ({ do: 'send', socket: 'c', sizes });
const receive = (datagrams: number, options: object = {}): Step => ({
  do: 'receive',
  socket: 's',
  datagrams,
  ...options,
});

const CASES: readonly (readonly [string, Case])[] = [
  [
    'of several sizes, an empty one too',
    { client: [send(1, 0, 999)], server: [receive(3)], expected: [1000, 3] },
  ],
  [
    'sent by one call (sendmmsg)',
    {
      client: [{ do: 'sendmmsg', socket: 'c', sizes: [1, 99, 900] }],
      server: [receive(3)],
      expected: [1000, 3],
    },
  ],
  [
    'read by one call (recvmmsg)',
    {
      client: [send(1, 99, 900)],
      server: [
        { do: 'queued', socket: 's', bytes: 1 },
        { do: 'recvmmsg', socket: 's', datagrams: 3 },
      ],
      expected: [1000, 3],
    },
  ],
  [
    'looked at without being read (MSG_PEEK)',
    { client: [send(400, 600)], server: [receive(5, { peek: true }), receive(2)], expected: [1000, 2] },
  ],
  [
    'read in part, the rest thrown away',
    { client: [send(400, 600)], server: [receive(2, { buffer: 10 })], expected: [1000, 2] },
  ],
  [
    'never read',
    {
      client: [send(400, 600)],
      server: [{ do: 'queued', socket: 's', bytes: 400 }, { do: 'wait' }],
      expected: [1000, 2],
    },
  ],
  [
    'as large as they get, in fragments',
    { client: [send(65_507)], server: [receive(1)], expected: [65_507, 1] },
  ],
  [
    'made of several calls (MSG_MORE)',
    { client: [{ ...send(400, 500, 100), more: true }], server: [receive(1)], expected: [1000, 1] },
  ],
  [
    'that the kernel cuts from one call (UDP_SEGMENT for the call)',
    { client: [{ ...send(5000), segment: 1200 }], server: [receive(5)], expected: [5000, 5] },
  ],
  [
    'that the kernel cuts from one call (UDP_SEGMENT of the socket)',
    {
      client: [send(4800, 100)],
      clientOptions: [[SOL_UDP, UDP_SEGMENT, 1200]],
      server: [receive(5)],
      expected: [4900, 5],
    },
  ],
  [
    'that come several at a time (UDP_GRO)',
    {
      client: [{ ...send(5000), segment: 1200 }],
      serverOptions: [[SOL_UDP, UDP_GRO, 1]],
      server: [receive(1)],
      expected: [5000, 5],
    },
  ],
];

describe('datagrams', () => {
  it.each(CASES)(
    '%s are counted at both ends, exactly',
    async (_, { server, client, serverOptions, clientOptions, expected }) => {
      await watchingUdp(async (watch, start) => {
        const serving = start([
          { do: 'open', socket: 's', bind: ['127.0.0.1', 0], options: serverOptions ?? [] },
          ...(server ?? []),
          { do: 'close', socket: 's' },
        ]);
        const { port = 0 } = await serving.next();
        const sending = start([
          { do: 'open', socket: 'c', connect: ['127.0.0.1', port], options: clientOptions ?? [] },
          ...(client ?? []),
          { do: 'close', socket: 'c' },
        ]);
        await sending.end();
        serving.go();
        await serving.end();
        expect(udpTotals(await untilUdpClosed(watch, port, 2))).toEqual(
          ['source', 'destination'].map((observer) => ({
            observer,
            source: expected,
            destination: [0, 0],
            end: 'closed',
          })),
        );
        expect(udpLosses(watch)).toEqual({});
      });
    },
  );

  it.each(WAYS)(
    'over %s go both ways, between sockets that are connected or not',
    async (_, family, host, clientFamily, to, type) => {
      for (const connected of [true, false]) {
        await watchingUdp(async (watch, start) => {
          const server = start([
            { do: 'open', socket: 's', family, bind: [host, 0] },
            { do: 'answer', socket: 's', datagrams: 2, bytes: 300 },
            { do: 'close', socket: 's' },
          ]);
          const { port = 0, pid: serverPid } = await server.next();
          const toServer = connected ? {} : { to: [to, port] };
          const client = start([
            { do: 'open', socket: 'c', family: clientFamily, ...(connected ? { connect: [to, port] } : {}) },
            { ...send(100, 20), ...toServer },
            { do: 'receive', socket: 'c', datagrams: 2 },
            { do: 'close', socket: 'c' },
          ]);
          const { port: clientPort, pid: clientPid } = await client.next();
          await Promise.all([server.end(), client.end()]);
          const flows = await untilUdpClosed(watch, port, 2);
          expect(udpTotals(flows)).toEqual(
            ['source', 'destination'].map((observer) => ({
              observer,
              source: [120, 2],
              destination: [600, 2],
              end: 'closed',
            })),
          );
          const address = type === 'ipv4' ? '127.0.0.1' : '::1';
          for (const flow of flows) {
            expect(flow).toMatchObject({
              'network.transport': 'udp',
              'network.type': type,
              'source.address': address,
              'destination.address': address,
              'process.pid': flow['flow.observer'] === 'source' ? clientPid : serverPid,
              'process.executable.name': expect.stringMatching(/^python3/),
            });
            if (connected) expect(flow['source.port']).toBe(clientPort);
          }
        });
      }
    },
  );

  it('behind six IPv6 extension headers are counted, and behind more as lost', async () => {
    await watchingUdp(async (watch, start) => {
      const server = start([
        { do: 'open', socket: 's', family: 'inet6', bind: ['::1', 0] },
        receive(2),
        { do: 'close', socket: 's' },
      ]);
      const { port = 0 } = await server.next();
      const behind = (headers: number): Step => ({
        do: 'behind_headers',
        to: ['::1', port],
        headers,
        bytes: 10,
      });
      await start([behind(6), behind(7)]).end();
      expect(await server.next()).toEqual({ received: 20, calls: 2 });
      await server.end();
      expect(udpTotals(await untilUdpClosed(watch, port, 1))).toEqual([
        { observer: 'destination', source: [10, 1], destination: [0, 0], end: 'closed' },
      ]);
      expect(watch.losses()['udp_unreadable_headers']).toBeGreaterThanOrEqual(1);
    });
  });
});
