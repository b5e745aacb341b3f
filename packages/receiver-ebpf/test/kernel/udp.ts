/** What the tests of UDP flows share. */
import { type StartPeer, withPeers } from './peer.ts';
import { type Flow, sum, type Watch, type WatchOptions, watching } from './watch.ts';

/** Runs the receiver and UDP peers, which are gone afterwards. */
export async function watchingUdp(
  work: (watch: Watch, start: StartPeer) => Promise<void>,
  options: WatchOptions = {},
): Promise<void> {
  const flows = { udp: {}, ...options.flows };
  await watching((watch) => withPeers((start) => work(watch, start), 'udp_peer.py'), { ...options, flows });
}

/** What one observer reported of one flow in all its records. */
export interface UdpTotal {
  readonly observer: unknown;
  /** Bytes and datagrams that the source sent, and those of the destination. */
  readonly source: readonly [bytes: number, datagrams: number];
  readonly destination: readonly [bytes: number, datagrams: number];
  readonly end: unknown;
}

/** What was lost of UDP flows. Losses of TCP are the whole machine's, which other tests run on. */
export function udpLosses(watch: Watch): Record<string, number> {
  return Object.fromEntries(Object.entries(watch.losses()).filter(([reason]) => reason.startsWith('udp_')));
}

/** The UDP records among `flows`. */
export function udpOnly(flows: readonly Flow[]): Flow[] {
  return flows.filter((flow) => flow['network.transport'] === 'udp');
}

/** What each observer reported, the source first. */
export function udpTotals(flows: readonly Flow[]): UdpTotal[] {
  return ['source', 'destination']
    .map((observer) => udpOnly(flows).filter((flow) => flow['flow.observer'] === observer))
    .filter((seen) => seen.length > 0)
    .map((seen) => ({
      observer: seen[0]?.['flow.observer'],
      source: [sum(seen, 'flow.source.bytes'), sum(seen, 'flow.source.packets')],
      destination: [sum(seen, 'flow.destination.bytes'), sum(seen, 'flow.destination.packets')],
      end: seen.findLast((flow) => flow['flow.state'] === 'closed')?.['flow.end_reason'],
    }));
}

/** Waits for `closed` last records of UDP flows to `port`, and returns all records. */
export async function untilUdpClosed(watch: Watch, port: number, closed: number): Promise<Flow[]> {
  const flows = await watch.until(
    port,
    (found) => udpOnly(found).filter((flow) => flow['flow.state'] === 'closed').length >= closed,
  );
  return udpOnly(flows);
}
