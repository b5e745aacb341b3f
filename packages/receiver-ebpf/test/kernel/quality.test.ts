import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Lab, withLab } from './lab.ts';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, sum, totals, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

const of = (flows: readonly Flow[], observer: string): Flow[] =>
  flows.filter((flow) => flow['flow.observer'] === observer);

/** Has nftables count the packets to and from `port` in the client's namespace; returns what reads the counts. */
function countPackets(lab: Lab, port: number): () => { out: number; in: number } {
  lab.inClient(
    'nft',
    'add table inet count; add counter inet count out; add counter inet count in; ' +
      'add chain inet count o { type filter hook output priority 0; }; add chain inet count i { type filter hook input priority 0; }; ' +
      `add rule inet count o tcp dport ${port} counter name out; add rule inet count i tcp sport ${port} counter name in`,
  );
  return () => {
    const [command = '', ...args] = [
      ...lab.client,
      'nft',
      '-j',
      'list',
      'counters',
      'table',
      'inet',
      'count',
    ];
    const listed: { nftables: { counter?: { name: 'out' | 'in'; packets: number } }[] } = JSON.parse(
      execFileSync(command, args, { encoding: 'utf8' }),
    );
    const counts = { out: 0, in: 0 };
    for (const { counter } of listed.nftables)
      if (counter !== undefined) counts[counter.name] = counter.packets;
    return counts;
  };
}

describe('the packets of a connection', () => {
  it.each([
    ['a few', 10, 20],
    ['many', 300_000, 200_000],
  ])('are those on the wire, both ways, at both ends: %s', async (_, there, back) => {
    await withLab((lab) =>
      watching(
        (watch) =>
          withPeers(async (start) => {
            // nftables sees a packet that is not segmented yet as one.
            for (const run of [lab.inClient, lab.inServer])
              run('ip', 'link', 'set', 'wire', 'gso_max_segs', '1', 'gro_max_size', '1000');
            const server = start(
              [
                { do: 'listen', socket: 'l', host: '0.0.0.0' },
                { do: 'wait' },
                { do: 'accept', from: 'l', socket: 'a' },
                { do: 'receive', socket: 'a', bytes: there },
                { do: 'send', socket: 'a', bytes: back },
                { do: 'wait' },
              ],
              lab.server,
            );
            const { port = 0 } = await server.next();
            const counted = countPackets(lab, port);
            server.go();
            const client = start(
              [
                { do: 'connect', socket: 'c', host: lab.serverAddress, port },
                { do: 'send', socket: 'c', bytes: there },
                { do: 'receive', socket: 'c', bytes: back },
                { do: 'wait' },
              ],
              lab.client,
            );
            await client.next();
            const packets = (flows: Flow[], observer: string): unknown => ({
              out: sum(of(flows, observer), 'flow.source.packets'),
              in: sum(of(flows, observer), 'flow.destination.packets'),
            });
            const flows = await watch.until(port, (found) => {
              const expected = JSON.stringify(counted());
              return ['source', 'destination'].every(
                (observer) => JSON.stringify(packets(found, observer)) === expected,
              );
            });
            expect(totals(flows).map((total) => [total.sourceBytes, total.destinationBytes])).toEqual([
              [there, back],
              [there, back],
            ]);
            client.kill();
            server.kill();
          }),
        // The last acknowledgement may come after the last payload was reported: idle records tell.
        { flows: { idle_interval: '200ms' } },
      ),
    );
  });
});

describe('the smallest round trip', () => {
  it('is the one that the kernel tells the program', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const { port } = await startServer(start);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 100 },
          { do: 'acked', socket: 'c' },
          { do: 'info', socket: 'c' },
          { do: 'wait' },
        ]);
        await client.next();
        const { min_rtt } = await client.next();
        expect(min_rtt).toBeGreaterThan(0);
        const flows = await watch.until(
          port,
          (found) => of(found, 'source').length > 0 && sum(of(found, 'source'), 'flow.source.bytes') === 100,
        );
        expect(of(flows, 'source').at(-1)?.['flow.min_rtt']).toBe((min_rtt as number) / 1e6);
        client.kill();
      }),
    );
  });
});

describe('a receiver that does not read', () => {
  it('shows as a closed window at both ends, and as time in which the sender could not send', async () => {
    const BYTES = 30_000_000;
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [{ do: 'wait' }, { do: 'receive', socket: 'a' }]);
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: BYTES },
          { do: 'close', socket: 'c' },
        ]);
        const stalled = await watch.until(
          port,
          (flows) =>
            ['source', 'destination'].every((observer) =>
              of(flows, observer).some((flow) => (flow['flow.destination.zero_window'] as unknown) === true),
            ) && sum(of(flows, 'source'), 'flow.source.window_limited_duration') > 0.3,
        );
        expect(stalled.filter((flow) => flow['flow.source.zero_window'] !== undefined)).toEqual([]);
        expect(
          of(stalled, 'destination').filter(
            (flow) => flow['flow.destination.window_limited_duration'] !== undefined,
          ),
        ).toEqual([]);
        server.go();
        await Promise.all([client.end(), server.end()]);
        const flows = await watch.untilClosed(port, 2);
        expect(totals(flows).map((total) => [total.sourceBytes, total.end])).toEqual([
          [BYTES, 'closed'],
          [BYTES, 'closed'],
        ]);
        const limited = sum(of(flows, 'source'), 'flow.source.window_limited_duration');
        expect(limited).toBeLessThanOrEqual(of(flows, 'source').at(-1)?.['flow.duration'] as number);
      }),
    );
  });
});

describe('a connection that was closed while the other end still sends', () => {
  it('is "aborted" for the end that closed, whose kernel answers by a RST, and "reset" for the other', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start, [
          { do: 'receive', socket: 'a' },
          { do: 'send', socket: 'a', bytes: 10 },
          { do: 'wait' },
        ]);
        const client = start([
          // Longer than a minute: the kernel keeps the socket itself, not what stands for it in TIME_WAIT.
          {
            do: 'connect',
            socket: 'c',
            host: '127.0.0.1',
            port,
            options: [['IPPROTO_TCP', 'TCP_LINGER2', 100]],
          },
          { do: 'close', socket: 'c' },
        ]);
        await client.end();
        await server.next();
        server.kill();
        const flows = await watch.untilClosed(port, 2);
        expect(totals(flows).map(({ observer, end }) => [observer, end])).toEqual([
          ['source', 'aborted'],
          ['destination', 'reset'],
        ]);
      }),
    );
  });
});
