import { captureLogger } from '@tributary/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { emptyFlowRecord } from '../../src/flows/flow-record.ts';
import { TcpRecordDecoder } from '../../src/flows/records/tcp-record.ts';
import { TcpFlows } from '../../src/flows/tcp-flows.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { totals, watching } from './watch.ts';

beforeEach(skipWithoutBpf);

/** A server and a client that make so many connections, one after the other, each of 10 bytes. */
const serverSteps = (connections: number): Step[] => [
  { do: 'listen', socket: 'l', host: '127.0.0.1' },
  {
    do: 'repeat',
    times: connections,
    steps: [
      { do: 'accept', from: 'l', socket: 'a' },
      { do: 'receive', socket: 'a', quiet: true },
      { do: 'close', socket: 'a' },
    ],
  },
];
const clientSteps = (port: number, connections: number): Step[] => [
  {
    do: 'repeat',
    times: connections,
    steps: [
      { do: 'connect', socket: 'c', host: '127.0.0.1', port, quiet: true },
      { do: 'send', socket: 'c', bytes: 10 },
      { do: 'close', socket: 'c' },
    ],
  },
];

describe('many short connections', () => {
  it('are each reported, by both ends, and nothing is lost', async () => {
    const CONNECTIONS = 1500;
    await watching((watch) =>
      withPeers(async (start) => {
        const server = start(serverSteps(CONNECTIONS));
        const { port = 0 } = await server.next();
        const client = start(clientSteps(port, CONNECTIONS));
        await Promise.all([server.end(), client.end()]);
        const flows = await watch.untilClosed(port, 2 * CONNECTIONS);
        expect(totals(flows)).toEqual([
          { observer: 'source', sourceBytes: 10 * CONNECTIONS, destinationBytes: 0, end: 'closed' },
          { observer: 'destination', sourceBytes: 10 * CONNECTIONS, destinationBytes: 0, end: 'closed' },
        ]);
        expect(flows.filter((flow) => flow['flow.state'] === 'closed')).toHaveLength(2 * CONNECTIONS);
        expect(watch.losses()).not.toHaveProperty('unreadable');
      }),
    );
  });
});

describe('many connections at once', () => {
  it('that no sweep sees are each reported, with how they began and whose they were', async () => {
    // More than the part of the table of young connections that stays in a CPU's cache has room for (896).
    const CONNECTIONS = 1200;
    await watching(
      (watch) =>
        withPeers(async (start) => {
          const all = (steps: Step[]): Step => ({ do: 'repeat', times: CONNECTIONS, steps });
          const server = start([
            { do: 'listen', socket: 'l', host: '127.0.0.1' },
            all([{ do: 'accept', from: 'l', socket: 'a*' }]),
            all([
              { do: 'receive', socket: 'a*', quiet: true },
              { do: 'close', socket: 'a*' },
            ]),
          ]);
          const { port = 0, pid: serverPid } = await server.next();
          const client = start([
            all([{ do: 'connect', socket: 'c*', host: '127.0.0.1', port, quiet: true }]),
            { do: 'say', text: 'open' },
            all([
              { do: 'send', socket: 'c*', bytes: 3 },
              { do: 'close', socket: 'c*' },
            ]),
          ]);
          await Promise.all([server.end(), client.end()]);
          const flows = await watch.untilClosed(port, 2 * CONNECTIONS);
          expect(flows).toHaveLength(2 * CONNECTIONS);
          expect(totals(flows).map(({ sourceBytes }) => sourceBytes)).toEqual([
            3 * CONNECTIONS,
            3 * CONNECTIONS,
          ]);
          const unlike = flows.filter(
            (flow) =>
              flow['flow.connect_duration'] === undefined ||
              flow['flow.duration'] === undefined ||
              (flow['process.pid'] === serverPid) !== (flow['flow.observer'] === 'destination'),
          );
          expect(unlike).toEqual([]);
          expect(watch.losses()).not.toHaveProperty('unreadable');
        }),
      { flows: { interval: '1h' } },
    );
  });
});

describe('what is lost', () => {
  it('for want of room in the ring buffer is counted: records and losses together are all', async () => {
    const CONNECTIONS = 1500;
    const RING_BYTES = 128 * 1024;
    const { logger, lines } = captureLogger();
    const tcp = new TcpFlows({
      connectCgroup: undefined,
      idleIntervalMs: 0,
      ringBufferBytes: RING_BYTES,
      logger,
    });
    try {
      await withPeers(async (start) => {
        const server = start(serverSteps(CONNECTIONS));
        const { port = 0 } = await server.next();
        const client = start(clientSteps(port, CONNECTIONS));
        await Promise.all([server.end(), client.end()]);
        let records = 0;
        const decoder = new TcpRecordDecoder();
        const record = emptyFlowRecord('tcp');
        let watched = port;
        const drain = (): void => {
          tcp.drain((view, offset, length) => {
            decoder.decode(view, offset, length, record);
            if (record.localPort === watched || record.remotePort === watched) records += 1;
          }, 1e9);
        };
        drain();
        expect(records).toBeLessThan(2 * CONNECTIONS);
        // Others' connections on this machine are among those that were lost. The last ends may come after both processes
        // have ended: what the kernel puts off to a thread of its own brings them.
        await expect
          .poll(() => {
            drain();
            const { ring_buffer_full, unknown_ended, young_full, missed_events } = tcp.counters();
            return records + ring_buffer_full + unknown_ended + young_full + missed_events;
          })
          .toBeGreaterThanOrEqual(2 * CONNECTIONS);
        expect(tcp.counters().ring_buffer_full).toBeGreaterThan(0);
        // With room again the next are there.
        const again = start(serverSteps(1));
        const { port: laterPort = 0 } = await again.next();
        watched = laterPort;
        records = 0;
        const end = Promise.all([start(clientSteps(laterPort, 1)).end(), again.end()]);
        await expect
          .poll(() => {
            drain();
            return records;
          })
          .toBe(2);
        await end;
      });
    } finally {
      tcp.close();
    }
    expect(lines).toEqual([]);
  });
});
