import { beforeEach, describe, expect, it } from 'vitest';
import { type Lab, withLab } from './lab.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, sum, totals, type Watch, watching } from './watch.ts';

/** Below the ports that the kernel chooses for clients: where nothing else tells which end opened a connection, that does. */
const PORT = 8080;

/** What only BPF knows of any connection (docs/sock-diag.md). */
const ONLY_BPF = ['flow.connect_duration', 'flow.duration'];

/** What only BPF knows of the end that opened a connection shorter than the interval. */
const ONLY_BPF_OF_SHORT = ['process.pid', 'process.executable.name', 'process.linux.cgroup'];

/** Counts since the record before. */
const SUMS = [
  'flow.source.bytes',
  'flow.destination.bytes',
  'flow.source.packets',
  'flow.destination.packets',
  'flow.source.retransmits',
  'flow.destination.retransmits',
];

/** What each end reported of a connection: its last record, with the sums of all. */
function summary(flows: readonly Flow[], without: readonly string[]): Flow[] {
  return ['source', 'destination'].map((observer) => {
    const seen = flows.filter((flow) => flow['flow.observer'] === observer);
    const last: Record<string, string | number | undefined> = { ...seen.at(-1) };
    for (const name of SUMS) if (name in last) last[name] = sum(seen, name);
    for (const name of without) delete last[name];
    return last;
  });
}

/** What the two ends do: to begin with, and at the end. */
interface Traffic {
  readonly begin: { readonly server: readonly Step[]; readonly client: readonly Step[] };
  readonly end: { readonly server: readonly Step[]; readonly client: readonly Step[] };
  /** What the records by sock_diag lack, or have otherwise, beside what they always lack. */
  readonly lacks?: readonly string[];
}

const close = (socket: string): Step => ({ do: 'close', socket });
const toTheEnd = (socket: string): Step => ({ do: 'receive', socket, quiet: true });
const exactly = (socket: string, bytes: number): Step => ({ do: 'receive', socket, bytes, quiet: true });
const send = (socket: string, bytes: number): Step => ({ do: 'send', socket, bytes });
const acked = (socket: string): Step => ({ do: 'acked', socket });
const accept: Step = { do: 'accept', from: 'l', socket: 'a' };
const wait: Step = { do: 'wait' };

const exchange = {
  server: [accept, exactly('a', 1000), send('a', 200_000), acked('a')],
  client: [send('c', 1000), exactly('c', 200_000)],
};
const silence = { server: [accept], client: [] };

const TRAFFIC: Readonly<Record<string, Traffic>> = {
  'is closed by the client': {
    begin: exchange,
    end: { server: [toTheEnd('a'), close('a')], client: [close('c')] },
  },
  'is closed by the server': {
    begin: exchange,
    end: { server: [close('a')], client: [toTheEnd('c'), close('c')] },
  },
  'carries nothing': {
    begin: silence,
    end: { server: [toTheEnd('a'), close('a')], client: [close('c')] },
  },
  'carries data one way': {
    begin: { server: [accept, exactly('a', 5000)], client: [send('c', 5000)] },
    end: { server: [toTheEnd('a'), close('a')], client: [close('c')] },
  },
  'is reset by a server that did not read all': {
    begin: { server: [accept, exactly('a', 10)], client: [send('c', 1000)] },
    end: { server: [close('a')], client: [toTheEnd('c')] },
    // The RST is sent after the state that BPF reads in.
    lacks: ['flow.end_reason', 'flow.destination.packets'],
  },
};

async function bothReport(
  lab: Lab,
  { begin, end, lacks = [] }: Traffic,
  { isShort }: { readonly isShort: boolean },
): Promise<void> {
  const pause = isShort ? [] : [wait];
  await withPeers(async (start) => {
    const listen: Step = { do: 'listen', socket: 'l', host: '0.0.0.0', port: PORT };
    const server = start([listen, ...begin.server, ...pause, ...end.server], lab.server);
    // Before the receivers: whose port it is, they know from their first look.
    const { port = 0 } = await server.next();
    await watchingBoth(async (bpf, diag) => {
      const connect: Step = { do: 'connect', socket: 'c', host: lab.serverAddress, port };
      const client = start([connect, ...begin.client, ...pause, ...end.client], lab.client);
      if (!isShort) {
        const known = (flows: Flow[]): boolean =>
          flows.filter((flow) => flow['process.pid'] !== undefined).length >= 2;
        await Promise.all([bpf.until(port, known), diag.until(port, known)]);
        server.go();
        client.go();
      }
      const lacking = [...ONLY_BPF, ...lacks, ...(isShort ? ONLY_BPF_OF_SHORT : [])];
      expect(summary(await diag.untilClosed(port, 2), lacking)).toEqual(
        summary(await bpf.untilClosed(port, 2), lacking),
      );
    });
  });
}

/** Runs two receivers, one with each source. */
async function watchingBoth(work: (bpf: Watch, diag: Watch) => Promise<void>): Promise<void> {
  await watching((bpf) => watching((diag) => work(bpf, diag), { flows: { source: 'sock_diag' } }), {
    flows: { source: 'bpf' },
  });
}

describe('sock_diag reports the same as BPF of a connection between network namespaces that', () => {
  beforeEach(skipWithoutBpf);

  it.each(Object.keys(TRAFFIC))('lives for several sweeps and %s', async (name) => {
    await withLab((lab) => bothReport(lab, TRAFFIC[name] as Traffic, { isShort: false }));
  });

  it.each(Object.keys(TRAFFIC))('lives for less than a sweep and %s', async (name) => {
    await withLab((lab) => bothReport(lab, TRAFFIC[name] as Traffic, { isShort: true }));
  });
});

describe('by sock_diag', () => {
  const byDiag = { flows: { source: 'sock_diag' } };

  it('a connection from before the start is reported with what it carries from now on', async () => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start(
          [
            { do: 'listen', socket: 'l', host: '0.0.0.0', port: PORT },
            accept,
            exactly('a', 1000),
            { do: 'say', text: 'ready' },
            exactly('a', 10),
            send('a', 20),
            toTheEnd('a'),
            close('a'),
          ],
          lab.server,
        );
        await server.next();
        const client = start(
          [
            { do: 'connect', socket: 'c', host: lab.serverAddress, port: PORT },
            send('c', 1000),
            acked('c'),
            { do: 'say', text: 'ready' },
            wait,
            send('c', 10),
            exactly('c', 20),
            close('c'),
          ],
          lab.client,
        );
        await Promise.all([server.next(), client.next()]);
        await client.next();
        await watching(async (watch) => {
          const ours = (flows: readonly Flow[]): Flow[] =>
            flows.filter((flow) => flow['destination.address'] === lab.serverAddress);
          await watch.until(PORT, (flows) => ours(flows).length >= 2);
          client.go();
          const flows = await watch.until(
            PORT,
            (found) => ours(found).filter((flow) => flow['flow.state'] === 'closed').length === 2,
          );
          expect(totals(ours(flows))).toEqual(
            ['source', 'destination'].map((observer) => ({
              observer,
              sourceBytes: 10,
              destinationBytes: 20,
              end: 'closed',
            })),
          );
        }, byDiag);
      }),
    );
  });

  it('a connection that is closed without lingering has a last record without a reason', async () => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start(
          [
            { do: 'listen', socket: 'l', host: '0.0.0.0', port: PORT },
            accept,
            exactly('a', 1000),
            wait,
            close('a'),
          ],
          lab.server,
        );
        await server.next();
        await watching(async (watch) => {
          const client = start(
            [
              { do: 'connect', socket: 'c', host: lab.serverAddress, port: PORT },
              send('c', 1000),
              acked('c'),
              wait,
              { do: 'linger0', socket: 'c' },
              close('c'),
            ],
            lab.client,
          );
          const bySource = (flows: readonly Flow[], state: string): Flow[] =>
            flows
              .filter((flow) => flow['destination.address'] === lab.serverAddress)
              .filter((flow) => flow['flow.observer'] === 'source' && flow['flow.state'] === state);
          await watch.until(PORT, (flows) => sum(bySource(flows, 'open'), 'flow.source.bytes') === 1000);
          client.go();
          const flows = await watch.until(PORT, (found) => bySource(found, 'closed').length === 1);
          const [last] = bySource(flows, 'closed');
          expect(last).toMatchObject({ 'flow.source.bytes': 0, 'flow.destination.bytes': 0 });
          expect(last).not.toHaveProperty('flow.end_reason');
          expect(watch.losses()['vanished']).toBeGreaterThanOrEqual(1);
        }, byDiag);
      }),
    );
  });

  it('a thousand connections that are shorter than the interval are reported, each at both its ends', async () => {
    const times = 1000;
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start(
          [
            { do: 'listen', socket: 'l', host: '0.0.0.0', port: PORT },
            {
              do: 'repeat',
              times,
              steps: [accept, exactly('a', 100), send('a', 200), toTheEnd('a'), close('a')],
            },
          ],
          lab.server,
        );
        await server.next();
        await watching(async (watch) => {
          const connect: Step = {
            do: 'connect',
            socket: 'c',
            host: lab.serverAddress,
            port: PORT,
            quiet: true,
          };
          const client = start(
            [{ do: 'repeat', times, steps: [connect, send('c', 100), exactly('c', 200), close('c')] }],
            lab.client,
          );
          await Promise.all([client.end(), server.end()]);
          const ours = (flows: readonly Flow[]): Flow[] =>
            flows.filter((flow) => flow['destination.address'] === lab.serverAddress);
          const isClosed = (flow: Flow): boolean => flow['flow.state'] === 'closed';
          const flows = ours(
            await watch.until(PORT, (found) => ours(found).filter(isClosed).length >= 2 * times),
          );
          expect(flows.filter(isClosed)).toHaveLength(2 * times);
          expect(totals(flows)).toEqual(
            ['source', 'destination'].map((observer) => ({
              observer,
              sourceBytes: 100 * times,
              destinationBytes: 200 * times,
              end: 'closed',
            })),
          );
        }, byDiag);
      }),
    );
  });
});
