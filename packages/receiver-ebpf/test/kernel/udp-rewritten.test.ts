/** Datagrams that another program sends elsewhere at connect() or sendto(), as a CNI's socket-level load balancing does. */
import { examineMachine, UDP_SENDMSG_HOOKS } from '@tributary/bpf';
import { captureLogger } from '@tributary/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { UdpFlows } from '../../src/flows/udp/udp-flows.ts';
import { withCgroups } from './cgroup-lab.ts';
import { findSoon } from './find-soon.ts';
import { withPeers } from './peer.ts';
import { AT_CONNECT_AND_SEND, ownPrograms, ROOT_CGROUP, rewriting } from './rewriting.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { udpLosses, udpOnly, watchingUdp } from './udp.ts';
import type { Flow, Watch } from './watch.ts';

beforeEach(skipWithoutBpf);

const SERVICE_PORT = 8053;

/** Runs `work` with the port of a socket that nobody reads, of both families. */
async function withServer(work: (port: number) => Promise<void>): Promise<void> {
  await withPeers(async (start) => {
    const server = start([{ do: 'open', socket: 's', family: 'inet6', bind: ['::', 0] }, { do: 'wait' }]);
    const { port = 0 } = await server.next();
    await work(port);
  }, 'udp_peer.py');
}

/** Where the ended flows of a client's port say that they went, when there are `count`, in the order of their texts. */
async function sourceEnds(watch: Watch, clientPort: number, count: number): Promise<string[]> {
  const closed = await watch.untilAll((flows) => {
    const own = udpOnly(flows).filter(
      (flow) =>
        flow['source.port'] === clientPort &&
        flow['flow.observer'] === 'source' &&
        flow['flow.state'] === 'closed',
    );
    return own.length >= count ? own : undefined;
  });
  return closed.map(destination).toSorted();
}

function destination(flow: Flow): string {
  const nat = flow['destination.nat.address'];
  const to = nat === undefined ? '' : ` by ${nat} ${flow['destination.nat.port']}`;
  return `${flow['destination.address']} ${flow['destination.port']}${to}`;
}

function askedLosses(watch: Watch): string[] {
  return Object.keys(udpLosses(watch)).filter((reason) => reason.startsWith('udp_asked'));
}

const CASES = [
  { what: 'IPv4', family: 'inet', asked: '192.0.2.10', service: '192.0.2.10', backend: '127.0.0.1' },
  { what: 'IPv6', family: 'inet6', asked: '2001:db8::10', service: '2001:db8::10', backend: '::1' },
  {
    what: 'IPv4 on an IPv6 socket',
    family: 'inet6',
    asked: '::ffff:192.0.2.10',
    service: '192.0.2.10',
    backend: '127.0.0.1',
  },
] as const;

describe('a UDP flow that is sent elsewhere', () => {
  const calls = CASES.flatMap((one) => [
    { ...one, call: 'connect()' },
    { ...one, call: 'sendto()' },
  ]);

  it.for(calls)(
    'has what was asked for and where it went: $what, $call',
    async ({ family, asked, service, backend, call }) => {
      await withServer(async (port) => {
        await rewriting(AT_CONNECT_AND_SEND, { cgroup: ROOT_CGROUP, servicePort: SERVICE_PORT, port }, () =>
          watchingUdp(async (watch, start) => {
            const to = [asked, SERVICE_PORT];
            const any = family === 'inet' ? '0.0.0.0' : '::';
            const client = start([
              {
                do: 'open',
                socket: 'c',
                family,
                ...(call === 'connect()' ? { connect: to } : { bind: [any, 0] }),
              },
              { do: 'send', socket: 'c', sizes: [10, 20, 30], ...(call === 'sendto()' ? { to } : {}) },
              { do: 'close', socket: 'c' },
            ]);
            const { port: clientPort = 0 } = await client.next();
            await client.end();
            expect(await sourceEnds(watch, clientPort, 1)).toEqual([
              `${service} ${SERVICE_PORT} by ${backend} ${port}`,
            ]);
            expect(askedLosses(watch)).toEqual([]);
          }),
        );
      });
    },
  );

  it('has its own of several that a socket sends to, and what is not sent elsewhere has none', async () => {
    await withServer(async (port) => {
      await rewriting(AT_CONNECT_AND_SEND, { cgroup: ROOT_CGROUP, servicePort: SERVICE_PORT, port }, () =>
        watchingUdp(async (watch, start) => {
          const client = start([
            { do: 'open', socket: 'c', bind: ['0.0.0.0', 0] },
            { do: 'send', socket: 'c', sizes: [10], to: ['127.0.0.1', port + 1], expect_error: true },
            { do: 'send', socket: 'c', sizes: [20], to: ['192.0.2.10', SERVICE_PORT] },
            { do: 'send', socket: 'c', sizes: [30], to: ['127.0.0.1', port + 1], expect_error: true },
            { do: 'close', socket: 'c' },
          ]);
          const { port: clientPort = 0 } = await client.next();
          await client.end();
          expect(await sourceEnds(watch, clientPort, 2)).toEqual([
            `127.0.0.1 ${port + 1}`,
            `192.0.2.10 ${SERVICE_PORT} by 127.0.0.1 ${port}`,
          ]);
        }),
      );
    });
  });

  it('that ended and goes on for something else has only where it goes', async () => {
    await withServer(async (port) => {
      await rewriting(AT_CONNECT_AND_SEND, { cgroup: ROOT_CGROUP, servicePort: SERVICE_PORT, port }, () =>
        watchingUdp(
          async (watch, start) => {
            const client = start([
              { do: 'open', socket: 'c', connect: ['192.0.2.10', SERVICE_PORT] },
              { do: 'send', socket: 'c', sizes: [10] },
              { do: 'wait' },
              { do: 'send', socket: 'c', sizes: [20] },
              { do: 'wait' },
              { do: 'connect', socket: 'c', to: ['127.0.0.1', port] },
              { do: 'send', socket: 'c', sizes: [30] },
              { do: 'close', socket: 'c' },
            ]);
            const { port: clientPort = 0 } = await client.next();
            const service = `192.0.2.10 ${SERVICE_PORT} by 127.0.0.1 ${port}`;
            expect(await sourceEnds(watch, clientPort, 1)).toEqual([service]);
            client.go();
            expect(await sourceEnds(watch, clientPort, 2)).toEqual([service, service]);
            client.go();
            await client.end();
            expect(await sourceEnds(watch, clientPort, 3)).toEqual([`127.0.0.1 ${port}`, service, service]);
          },
          { flows: { udp: { idle_timeout: '1s' } } },
        ),
      );
    });
  });

  it('has what was asked for where a CNI begins after the receiver', async () => {
    await withServer(async (port) => {
      await watchingUdp(async (watch, start) => {
        await rewriting(
          AT_CONNECT_AND_SEND,
          { cgroup: ROOT_CGROUP, servicePort: SERVICE_PORT, port },
          async () => {
            // The rewriting program is one of them.
            const before = 1;
            await findSoon(
              () => ownPrograms(UDP_SENDMSG_HOOKS.v4) > before || undefined,
              () => 'the receiver has not attached its programs',
            );
            const client = start([
              { do: 'open', socket: 'c', bind: ['0.0.0.0', 0] },
              { do: 'send', socket: 'c', sizes: [10], to: ['192.0.2.10', SERVICE_PORT] },
              { do: 'close', socket: 'c' },
            ]);
            const { port: clientPort = 0 } = await client.next();
            await client.end();
            expect(await sourceEnds(watch, clientPort, 1)).toEqual([
              `192.0.2.10 ${SERVICE_PORT} by 127.0.0.1 ${port}`,
            ]);
          },
        );
      });
    });
  });
});

describe('what is asked for', () => {
  it('is noted from the first sweep that finds another program there, and nothing runs for it before', async () => {
    const machine = examineMachine();
    await withCgroups(ROOT_CGROUP, async (lab) => {
      // Below a cgroup of its own: at the root there may be those of other receivers that are tested at this time.
      const cgroup = lab.make('part');
      const flows = await UdpFlows.open({
        idleTimeoutMs: 60_000,
        maxPeers: 16,
        ringBufferBytes: 1 << 16,
        machine: { ...machine, cgroups: { ...machine.cgroups, v2Path: cgroup } },
        logger: captureLogger().logger,
      });
      const sweep = () =>
        flows.sweep(
          () => undefined,
          () => true,
        );
      try {
        await sweep();
        expect(ownPrograms(UDP_SENDMSG_HOOKS.v4)).toBe(0);
        await rewriting(AT_CONNECT_AND_SEND, { cgroup, servicePort: SERVICE_PORT, port: 1 }, async () => {
          await sweep();
          expect(ownPrograms(UDP_SENDMSG_HOOKS.v4)).toBe(2);
        });
      } finally {
        flows.close();
      }
      expect(ownPrograms(UDP_SENDMSG_HOOKS.v4)).toBe(0);
    });
  });
});
