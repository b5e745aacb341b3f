/**
 * The dropped packets of flows, between the kernel, which knows a packet's addresses, and the flow records that they
 * belong to. Each packet is in one record at most.
 */
import { monotonicNowNs } from '@tributary/bpf';
import type { FlowRecord } from '../flows/flow-record.ts';
import { addressText } from '../flows/records/address.ts';
import { FLOW_DROP_KEY } from '../generated/drops-layout.ts';
import type { KernelDrops } from './kernel-drops.ts';

/** A flow that has no record for so long has none any more, in milliseconds. */
const KEPT_MS = 5 * 60_000;

/** More packets' address pairs than this do not wait for a record; the oldest go. */
const MAX_PAIRS = 65_536;

const UDP = 17;

/** Addresses that many namespaces have at the same time: loopback and link-local. */
const SHARED_ADDRESS = /^(?:127\.|169\.254\.|::1$|fe[89ab])/;

interface Waiting {
  readonly networkNamespace: number;
  packets: number;
}

interface Pair {
  /** `portsOf` its packets. */
  readonly ports: number;
  readonly waiting: Waiting[];
  readonly sinceMs: number;
}

/** What a flow record says of itself as far as it matters here. */
export type DropsOf = Pick<
  FlowRecord,
  | 'transport'
  | 'isClosed'
  | 'timeLow'
  | 'timeHigh'
  | 'networkNamespace'
  | 'localAddress'
  | 'localPort'
  | 'remoteAddress'
  | 'remotePort'
>;

/** See the head of this file. One for a receiver; the `drops` block fills it, what writes flow records asks it. */
export class FlowDrops {
  readonly #nowNs: () => number;
  readonly #maxPairs: number;
  readonly #pairs = new Map<string, Pair>();
  /** How many pairs there are by `portsOf`: for most flows that is none, and one look says so. */
  readonly #pairsOfPorts = new Uint32Array(65_536);
  #kernel: Pick<KernelDrops, 'takeFlows'> | undefined;
  #hasReader = false;
  #refreshedNs = 0;
  #attributed = 0;
  #unattributed = 0;

  /** `nowNs` is the clock of the flow records: CLOCK_MONOTONIC. */
  constructor(nowNs: () => number = () => Number(monotonicNowNs()), maxPairs = MAX_PAIRS) {
    this.#nowNs = nowNs;
    this.#maxPairs = maxPairs;
  }

  /** True if something asks for the drops of flows. */
  get hasReader(): boolean {
    return this.#hasReader;
  }

  /** Packets that a flow record tells of. */
  get attributed(): number {
    return this.#attributed;
  }

  /** Packets of TCP and UDP whose flow had no record: they are in the metric only. */
  get unattributed(): number {
    return this.#unattributed;
  }

  /** Says that flow records are written here. */
  expectReader(): void {
    this.#hasReader = true;
  }

  /** Gives it the kernel's counts, or takes them away. */
  connect(kernel: Pick<KernelDrops, 'takeFlows'> | undefined): void {
    this.#kernel = kernel;
    if (kernel === undefined) this.#forget(() => true);
  }

  /** Fetches what the kernel has counted. Call it before flow records are written. */
  refresh(): void {
    if (this.#kernel === undefined) return;
    this.#refreshedNs = this.#nowNs();
    const nowMs = this.#refreshedNs / 1e6;
    this.#kernel.takeFlows((keys, offset, packets) => this.#keep(keys, offset, packets, nowMs));
    this.#forget(({ sinceMs }) => nowMs - sinceMs > KEPT_MS || this.#pairs.size > this.#maxPairs);
  }

  /**
   * The packets, of both directions, that were dropped of the flow of this record and are in none before; undefined if
   * drops are not counted. What was dropped elsewhere than in the socket's own namespace (the host's, a router's) is
   * found by the addresses, where these are not of a kind that every namespace has.
   */
  take(flow: DropsOf): number | undefined {
    if (this.#kernel === undefined) return undefined;
    // After its last record there is no other that could tell what was dropped since.
    if (flow.isClosed && flow.timeHigh * 2 ** 32 + flow.timeLow > this.#refreshedNs) this.refresh();
    const { transport, localAddress, localPort, remoteAddress, remotePort } = flow;
    if (this.#pairsOfPorts[portsOf(localPort, remotePort)] === 0) return 0;
    const packets =
      this.#takePair(pairText(transport, localAddress, localPort, remoteAddress, remotePort), flow) +
      this.#takePair(pairText(transport, remoteAddress, remotePort, localAddress, localPort), flow);
    this.#attributed += packets;
    return packets;
  }

  #takePair(text: string, { networkNamespace, localAddress, remoteAddress }: DropsOf): number {
    const pair = this.#pairs.get(text);
    if (pair === undefined) return 0;
    const isShared = SHARED_ADDRESS.test(localAddress) || SHARED_ADDRESS.test(remoteAddress);
    let packets = 0;
    for (let index = pair.waiting.length - 1; index >= 0; index -= 1) {
      const waiting = pair.waiting[index] as Waiting;
      if (isShared && waiting.networkNamespace !== networkNamespace) continue;
      packets += waiting.packets;
      pair.waiting.splice(index, 1);
    }
    if (pair.waiting.length === 0) this.#remove(text, pair);
    return packets;
  }

  #keep(keys: DataView, offset: number, packets: number, nowMs: number): void {
    const sourcePort = keys.getUint16(offset + FLOW_DROP_KEY.source_port, true);
    const destinationPort = keys.getUint16(offset + FLOW_DROP_KEY.destination_port, true);
    const text = pairText(
      keys.getUint8(offset + FLOW_DROP_KEY.transport) === UDP ? 'udp' : 'tcp',
      addressText(keys, offset + FLOW_DROP_KEY.source_address),
      sourcePort,
      addressText(keys, offset + FLOW_DROP_KEY.destination_address),
      destinationPort,
    );
    const networkNamespace = keys.getUint32(offset + FLOW_DROP_KEY.network_namespace, true);
    const pair = this.#pairs.get(text);
    const same = pair?.waiting.find((waiting) => waiting.networkNamespace === networkNamespace);
    if (same !== undefined) same.packets += packets;
    else if (pair !== undefined) pair.waiting.push({ networkNamespace, packets });
    else {
      const ports = portsOf(sourcePort, destinationPort);
      this.#pairs.set(text, { ports, waiting: [{ networkNamespace, packets }], sinceMs: nowMs });
      this.#pairsOfPorts[ports]! += 1;
    }
  }

  #remove(text: string, { ports }: Pair): void {
    this.#pairs.delete(text);
    this.#pairsOfPorts[ports]! -= 1;
  }

  /** Gives up on the oldest pairs, as long as `isOver` holds. */
  #forget(isOver: (pair: Pair) => boolean): void {
    for (const [text, pair] of this.#pairs) {
      if (!isOver(pair)) return;
      this.#remove(text, pair);
      for (const { packets } of pair.waiting) this.#unattributed += packets;
    }
  }
}

/** Two ports, in either order, as one number below 2^16. */
function portsOf(port: number, otherPort: number): number {
  return port ^ otherPort;
}

function pairText(
  transport: string,
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): string {
  return `${transport} ${source} ${sourcePort} ${destination} ${destinationPort}`;
}
