import type { Consumer } from '@tributary/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Step, startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { sum, totals, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

const idle: Step[] = [
  { do: 'listen', socket: 'l', host: '127.0.0.1' },
  { do: 'accept', from: 'l', socket: 'a' },
  { do: 'receive', socket: 'a' },
];

describe('the sweep', () => {
  it('reports an open connection once, and not again while it carries nothing', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const server = start(idle);
        const { port = 0 } = await server.next();
        const client = start([{ do: 'connect', socket: 'c', host: '127.0.0.1', port }, { do: 'wait' }]);
        await client.next();
        await watch.until(port, (flows) => flows.length === 2);
        // Another connection's records show that sweeps went on meanwhile.
        const other = start([...idle.slice(0, 2), { do: 'receive', socket: 'a', bytes: 1 }, { do: 'wait' }]);
        const { port: otherPort = 0 } = await other.next();
        const busy = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port: otherPort },
          { do: 'wait' },
          { do: 'send', socket: 'c', bytes: 1 },
          { do: 'wait' },
        ]);
        await watch.until(otherPort, (flows) => flows.length === 2);
        busy.go();
        await watch.until(otherPort, (flows) => flows.length === 4);
        expect(
          watch.to(port).map((flow) => [flow['flow.observer'], flow['flow.state'], flow['flow.rtt']]),
        ).toEqual(
          expect.arrayContaining([
            ['source', 'open', expect.any(Number)],
            ['destination', 'open', expect.any(Number)],
          ]),
        );
        expect(watch.to(port)).toHaveLength(2);
        client.go();
        await client.end();
        expect(await watch.untilClosed(port, 2)).toHaveLength(4);
      }),
    );
  });

  it('reports an idle connection again after idle_interval', async () => {
    await watching(
      (watch) =>
        withPeers(async (start) => {
          const server = start(idle);
          const { port = 0 } = await server.next();
          const client = start([{ do: 'connect', socket: 'c', host: '127.0.0.1', port }, { do: 'wait' }]);
          const flows = await watch.until(port, (found) => found.length >= 8);
          expect([sum(flows, 'flow.source.bytes'), sum(flows, 'flow.destination.bytes')]).toEqual([0, 0]);
          client.kill();
        }),
      { flows: { idle_interval: '300ms' } },
    );
  });

  it('and the end, whichever comes first, never report a byte twice or not at all', async () => {
    const ROUNDS = 300;
    await watching(
      (watch) =>
        withPeers(async (start) => {
          // Connections of some milliseconds, under sweeps that follow one another, end in the middle of one.
          const server = start([
            { do: 'listen', socket: 'l', host: '127.0.0.1' },
            {
              do: 'repeat',
              times: ROUNDS,
              steps: [
                { do: 'accept', from: 'l', socket: 'a' },
                { do: 'receive', socket: 'a', quiet: true },
                { do: 'close', socket: 'a' },
              ],
            },
          ]);
          const { port = 0 } = await server.next();
          const client = start([
            {
              do: 'repeat',
              times: ROUNDS,
              steps: [
                { do: 'connect', socket: 'c', host: '127.0.0.1', port, quiet: true },
                { do: 'send', socket: 'c', bytes: 1000 },
                { do: 'acked', socket: 'c' },
                { do: 'send', socket: 'c', bytes: 100_000 },
                { do: 'close', socket: 'c' },
              ],
            },
          ]);
          await Promise.all([server.end(), client.end()]);
          const flows = await watch.untilClosed(port, 2 * ROUNDS);
          expect(
            totals(flows).map(({ sourceBytes, destinationBytes }) => [sourceBytes, destinationBytes]),
          ).toEqual([
            [101_000 * ROUNDS, 0],
            [101_000 * ROUNDS, 0],
          ]);
          const closed = flows.filter((flow) => flow['flow.state'] === 'closed');
          expect(closed.filter((flow) => flow['flow.end_reason'] !== 'closed')).toEqual([]);
          expect(closed).toHaveLength(2 * ROUNDS);
        }),
      { flows: { interval: '100ms' } },
    );
  });

  it('reports no byte twice while a FIN goes unacknowledged', async () => {
    await withLab((lab) =>
      watching((watch) =>
        withPeers(async (start) => {
          const { port } = await startServer(start, [{ do: 'receive', socket: 'a' }], {
            host: '0.0.0.0',
            prefix: lab.server,
          });
          const client = start(
            [
              { do: 'connect', socket: 'c', host: lab.serverAddress, port },
              { do: 'send', socket: 'c', bytes: 10 },
              { do: 'acked', socket: 'c' },
              { do: 'wait' },
            ],
            lab.client,
          );
          await client.next();
          await watch.until(port, (flows) => sum(flows, 'flow.source.bytes') === 20);
          lab.inServer(
            'nft',
            'add table ip wall; add chain ip wall in { type filter hook input priority 0; }; ' +
              'add rule ip wall in tcp flags & fin == fin drop',
          );
          client.go();
          // Sent again and again, which is reported; then it arrives.
          await watch.until(port, (flows) => sum(flows, 'flow.source.retransmits') > 1);
          lab.inServer('nft', 'delete table ip wall');
          const flows = await watch.untilClosed(port, 2);
          expect(totals(flows)).toMatchObject([
            { observer: 'source', sourceBytes: 10, destinationBytes: 0 },
            { observer: 'destination', sourceBytes: 10, destinationBytes: 0 },
          ]);
        }),
      ),
    );
  });

  it('at the shutdown reports what open connections carried since the last', async () => {
    const seen: unknown[] = [];
    let watchedPort = 0;
    const consumer: Consumer = {
      consume: (batch) => {
        for (const record of batch.records()) {
          if (record.kindOf !== 'log' || record.attributes.get('destination.port') !== watchedPort) continue;
          seen.push([record.attributes.get('flow.observer'), record.attributes.get('flow.source.bytes')]);
        }
      },
    };
    await withPeers((start) =>
      watching(
        async () => {
          const server = start(idle);
          watchedPort = (await server.next()).port ?? 0;
          const client = start([
            { do: 'connect', socket: 'c', host: '127.0.0.1', port: watchedPort },
            { do: 'send', socket: 'c', bytes: 1234 },
            { do: 'acked', socket: 'c' },
            { do: 'say', text: 'sent' },
            { do: 'wait' },
          ]);
          await client.next();
          await client.next();
          expect(seen).toEqual([]);
        },
        { flows: { interval: '1h' }, consumer },
      ),
    );
    expect(seen.toSorted()).toEqual([
      ['destination', 1234],
      ['source', 1234],
    ]);
  });
});
