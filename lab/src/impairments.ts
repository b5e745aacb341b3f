/**
 * Faults of the network, put in on the wire between a pod and its node, where neither end's kernel knows of them: what a
 * pod's own firewall drops as it leaves is told to its TCP, which then does not count it as sent. Each fault is a table of
 * its own with counters, in the namespace that the packets arrive in.
 *
 * Large packets that the network card would cut are one packet here; `sendSegments` has the pod's TCP cut them itself, so
 * that packets are segments.
 */
import type { Link } from './network.ts';
import type { Pod } from './pod.ts';
import { ipBatch, nft, run } from './run.ts';

/** Which way the packets go that a fault meets. */
export type Direction = 'from-pod' | 'to-pod';

/** What befalls a packet. */
export type Effect =
  /** It is lost: each one, or one of `every`, or a share (0 to 1) of them by chance. */
  | { readonly kind: 'drop'; readonly every?: number; readonly share?: number }
  /** Its sender is told no. `tcp-reset` for TCP alone. */
  | {
      readonly kind: 'reject';
      readonly answer:
        | 'tcp-reset'
        | 'no-route'
        | 'host-unreachable'
        | 'port-unreachable'
        | 'admin-prohibited';
    };

/** A fault. */
export interface Fault {
  readonly direction: Direction;
  /** Which packets, as nftables says it: `tcp dport 80`, `ip daddr 10.100.1.2`. All, if it is left out. */
  readonly match?: string;
  readonly effect: Effect;
}

/** How many packets a fault met. */
export interface FaultCounts {
  /** Packets that matched, whatever became of them. */
  readonly matched: number;
  /** Packets that the effect befell. */
  readonly affected: number;
}

/** A fault that is in force. */
export interface Impairment extends AsyncDisposable {
  counts(): Promise<FaultCounts>;
  remove(): Promise<void>;
}

let made = 0;

/** Puts a fault into a pod's network, until it is removed or the pod is. */
export async function impair(pod: Pod, { direction, match = '', effect }: Fault): Promise<Impairment> {
  const link = linkOf(pod);
  const [namespace, device] =
    direction === 'from-pod' ? [pod.nodeNamespace, link.outside] : [link.namespace, link.inside];
  made += 1;
  const table = `netdev fault${made}`;
  await nft(
    namespace.name,
    `table ${table} {
  counter matched { }
  counter affected { }
  chain arriving {
    type filter hook ingress device ${device} priority ${made};
    ${match} counter name matched
    ${match} ${chosen(effect)} counter name affected ${verdict(effect)}
  }
}
`,
  );
  const remove = async (): Promise<void> => nft(namespace.name, `delete table ${table}`);
  return {
    counts: () => readCounters(namespace.name, table),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** How fast a pod's link is in one direction. */
export interface Limit {
  readonly direction: Direction;
  /** As tc says it: `10mbit`. */
  readonly rate: string;
  /** What may go at once, in bytes. */
  readonly burstBytes?: number;
  /** What may wait before packets are dropped, in bytes: with the rate, the longest delay. */
  readonly queueBytes?: number;
}

/** Makes a pod's link slow (tc's token bucket); packets wait in its queue and are dropped when that is full. */
export async function limit(pod: Pod, limits: Limit): Promise<void> {
  const { direction, rate, burstBytes = 16_384, queueBytes = 262_144 } = limits;
  const link = linkOf(pod);
  const [namespace, device] =
    direction === 'to-pod' ? [pod.nodeNamespace, link.outside] : [link.namespace, link.inside];
  const bucket = ['rate', rate, 'burst', String(burstBytes), 'limit', String(queueBytes)];
  await run(['tc', '-n', namespace.name, 'qdisc', 'replace', 'dev', device, 'root', 'tbf', ...bucket]);
}

/** Has a pod's new connections send packets no larger than a segment, so that who counts packets counts segments. */
export async function sendSegments(pod: Pod): Promise<void> {
  const link = linkOf(pod);
  await ipBatch([`link set dev ${link.inside} gso_max_segs 1`], link.namespace.name);
}

function linkOf(pod: Pod): Link {
  if (pod.link === undefined) {
    throw new Error(
      `lab: the pod ${pod.ref} uses its node's network. Impair another pod's, at the other end.`,
    );
  }
  return pod.link;
}

function chosen(effect: Effect): string {
  if (effect.kind === 'reject') return effect.answer === 'tcp-reset' ? 'meta l4proto tcp' : '';
  // The count begins with 0: the last of each `every` is taken, so that the first packets pass.
  if (effect.every !== undefined) return `numgen inc mod ${effect.every} ${effect.every - 1}`;
  if (effect.share !== undefined) return `numgen random mod 10000 < ${Math.round(effect.share * 10_000)}`;
  return '';
}

function verdict(effect: Effect): string {
  if (effect.kind === 'drop') return 'drop';
  return effect.answer === 'tcp-reset' ? 'reject with tcp reset' : `reject with icmpx type ${effect.answer}`;
}

/** What `nft -j` says of counters, as far as we need it. */
interface CounterList {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
}

async function readCounters(namespace: string, table: string): Promise<FaultCounts> {
  const list = ['nft', '-j', 'list', 'counters', 'table', ...table.split(' ')];
  const { stdout } = await run(['ip', 'netns', 'exec', namespace, ...list]);
  const counters = (JSON.parse(stdout) as CounterList).nftables;
  const packets = (name: string): number =>
    counters.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
  return { matched: packets('matched'), affected: packets('affected') };
}
