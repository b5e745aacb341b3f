import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Peer, type Step, startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, type Watch, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

/** How each observer says that a connection ended, the source first. */
function ends(flows: readonly Flow[]): unknown[] {
  const closed = flows.filter((flow) => flow['flow.state'] === 'closed');
  return closed
    .map((flow) => `${flow['flow.observer']} ${flow['flow.end_reason']}`)
    .sort()
    .reverse();
}

/** A port on which nobody listens: one that was free a moment ago. */
const UNUSED_PORT = 9;

/** Waits for the end of a connection to the unused port of an address. Others may try that port elsewhere meanwhile. */
async function untilEndedAt(watch: Watch, address: string): Promise<Flow[]> {
  const there = (flows: readonly Flow[]): Flow[] =>
    flows.filter((flow) => flow['destination.address'] === address);
  return there(await watch.until(UNUSED_PORT, (flows) => there(flows).length > 0));
}

describe('the end of a connection', () => {
  it('is "refused" where nobody listens, with the process that tried', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          const client = start(
            [{ do: 'connect', socket: 'c', host: lab.serverAddress, port: UNUSED_PORT, expect_error: true }],
            lab.client,
          );
          const { error } = await client.next();
          expect(error).toBe('Connection refused');
          const [flow, ...others] = await untilEndedAt(watch, lab.serverAddress);
          expect(others).toEqual([]);
          expect(flow).toEqual({
            'network.transport': 'tcp',
            'network.type': 'ipv4',
            'source.address': lab.clientAddress,
            'source.port': flow?.['source.port'],
            'destination.address': lab.serverAddress,
            'destination.port': UNUSED_PORT,
            'flow.observer': 'source',
            'flow.source.bytes': 0,
            'flow.destination.bytes': 0,
            'flow.source.packets': 1,
            'flow.destination.packets': 1,
            'flow.source.retransmits': 0,
            'flow.state': 'closed',
            'flow.end_reason': 'refused',
            'flow.duration': expect.any(Number),
            'process.pid': flow?.['process.pid'],
            'process.executable.name': expect.stringMatching(/^python3/),
            'process.linux.cgroup': flow?.['process.linux.cgroup'],
          });
          expect([flow?.['source.port'], flow?.['process.pid']]).toEqual([
            expect.any(Number),
            expect.any(Number),
          ]);
        }),
      ),
    );
  });

  it.each([
    ['timed_out', 'drop', 'Connection timed out'],
    ['unreachable', 'reject with icmp host-unreachable', 'No route to host'],
    ['unreachable', 'reject with icmp net-unreachable', 'Network is unreachable'],
    ['unreachable', 'reject with icmp admin-prohibited', 'No route to host'],
    ['refused', 'reject with icmp port-unreachable', 'Connection refused'],
    ['refused', 'reject with tcp reset', 'Connection refused'],
  ])('is "%s" where a firewall says %s', async (reason, verdict, told) => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          lab.inServer(
            'nft',
            `add table ip wall; add chain ip wall in { type filter hook input priority 0; }; ` +
              `add rule ip wall in tcp dport ${UNUSED_PORT} ${verdict}`,
          );
          lab.inClient('sysctl', '-qw', 'net.ipv4.tcp_syn_retries=1');
          const client = start(
            [{ do: 'connect', socket: 'c', host: lab.serverAddress, port: UNUSED_PORT, expect_error: true }],
            lab.client,
          );
          expect((await client.next()).error).toBe(told);
          await client.end();
          const flows = await untilEndedAt(watch, lab.serverAddress);
          expect(flows).toMatchObject([
            {
              'flow.observer': 'source',
              'flow.end_reason': reason,
              'source.address': lab.clientAddress,
            },
          ]);
          expect(flows[0]).not.toHaveProperty('flow.connect_duration');
          if (verdict === 'drop') expect(flows[0]?.['flow.source.retransmits']).toBeGreaterThan(0);
        }),
      ),
    );
  });

  it('is "timed_out" where the other end falls silent', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          const { port } = await startServer(start, [{ do: 'wait' }], {
            host: '0.0.0.0',
            prefix: lab.server,
          });
          const client = start(
            [
              {
                do: 'connect',
                socket: 'c',
                host: lab.serverAddress,
                port,
                options: [['IPPROTO_TCP', 'TCP_USER_TIMEOUT', 1000]],
              },
              { do: 'wait' },
              { do: 'send', socket: 'c', bytes: 77 },
              { do: 'wait' },
            ],
            lab.client,
          );
          await client.next();
          lab.inServer(
            'nft',
            'add table ip wall; add chain ip wall in { type filter hook input priority 0; policy drop; }',
          );
          client.go();
          const flows = await watch.untilClosed(port, 1);
          // What was sent and never acknowledged was sent all the same.
          expect(flows.at(-1)).toMatchObject({
            'flow.observer': 'source',
            'flow.end_reason': 'timed_out',
            'flow.source.bytes': 77,
          });
        }),
      ),
    );
  });

  it.each([
    ['without lingering', [{ do: 'linger0', socket: 'a' }, { do: 'wait' }]],
    ['with data unread', [{ do: 'wait' }]],
  ])('is "aborted" for the end that closes %s, and "reset" for the other', async (_, before) => {
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [...before, { do: 'close', socket: 'a' }]);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 5 },
          { do: 'acked', socket: 'c' },
          { do: 'say', text: 'sent' },
          { do: 'wait' },
        ]);
        await client.next();
        await client.next();
        server.go();
        await server.end();
        expect(ends(await watch.untilClosed(port, 2))).toEqual(['source reset', 'destination aborted']);
      }),
    );
  });

  it('is "aborted" where a connection is given up before it was made', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          lab.inServer(
            'nft',
            'add table ip wall; add chain ip wall in { type filter hook input priority 0; policy drop; }',
          );
          const client = start(
            [
              { do: 'connect', socket: 'c', host: lab.serverAddress, port: UNUSED_PORT, nonblocking: true },
              { do: 'close', socket: 'c' },
            ],
            lab.client,
          );
          await client.end();
          const flows = await untilEndedAt(watch, lab.serverAddress);
          expect(ends(flows)).toEqual(['source aborted']);
        }),
      ),
    );
  });

  it('is reported of a connection that was never accepted, with the process that listens', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const server = start([{ do: 'listen', socket: 'l', host: '127.0.0.1' }, { do: 'wait' }]);
        const { port = 0, pid } = await server.next();
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 5 },
          { do: 'close', socket: 'c' },
        ]);
        await client.end();
        server.go();
        await server.end();
        const flows = await watch.untilClosed(port, 2);
        const destination = flows.filter((flow) => flow['flow.observer'] === 'destination').at(-1);
        expect(destination).toMatchObject({ 'flow.end_reason': 'aborted', 'process.pid': pid });
      }),
    );
  });

  it('is reported of a connection that was reset before it was accepted, with the process that listens at its address', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const listen = (host: string, port: number, more = {}): Peer =>
          start([{ do: 'listen', socket: 'l', host, port, ...more }, { do: 'wait' }]);
        const { port: shared = 0, pid: first } = await listen('127.0.0.1', 0).next();
        const { pid: second } = await listen('127.0.0.2', shared).next();
        const { port: open = 0, pid: everywhere } = await listen('::', 0, { family: 'inet6' }).next();
        const connectAndReset = (host: string, port: number): Step[] => [
          { do: 'connect', socket: 'c', host, port },
          { do: 'send', socket: 'c', bytes: 5 },
          { do: 'acked', socket: 'c' },
          { do: 'linger0', socket: 'c' },
          { do: 'close', socket: 'c' },
        ];
        const client = start([
          ...connectAndReset('127.0.0.1', shared),
          ...connectAndReset('127.0.0.2', shared),
          ...connectAndReset('127.0.0.1', open),
        ]);
        await client.end();
        const flows = [...(await watch.untilClosed(shared, 4)), ...(await watch.untilClosed(open, 2))];
        const owners = flows
          .filter((flow) => flow['flow.observer'] === 'destination' && flow['flow.state'] === 'closed')
          .map((flow) => [flow['destination.address'], flow['destination.port'], flow['process.pid']]);
        expect(owners).toEqual([
          ['127.0.0.1', shared, first],
          ['127.0.0.2', shared, second],
          ['127.0.0.1', open, everywhere],
        ]);
      }),
    );
  });
});
