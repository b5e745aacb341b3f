import type { BpfMap, BpfProgram } from '@tributary/bpf';
import { UDP_COUNTERS } from '../../generated/udp-layout.ts';
import type { Losses } from '../../losses.ts';

/** What the kernel programs count, by the names of `struct udp_counters`, and what only the kernel counts itself. */
export type UdpCounter = Exclude<keyof typeof UDP_COUNTERS, 'size'> | 'missed_events';

/** Ways of losing something, which are exported with the prefix `udp_`. */
const LOSSES = [
  'ring_buffer_full',
  'storage_refused',
  'peers_full',
  'after_close',
  'unreadable_headers',
  'missed_events',
] as const satisfies readonly UdpCounter[];

/** Reads the counters of the kernel programs. */
export class UdpCounters {
  readonly #map: BpfMap;
  readonly #tracepoint: BpfProgram | undefined;
  readonly #key = new Uint8Array(4);
  readonly #bytes: Uint8Array;

  /** `tracepoint` is the one program that the kernel leaves out when it is running on the same CPU already. */
  constructor(map: BpfMap, tracepoint: BpfProgram | undefined) {
    this.#map = map;
    this.#tracepoint = tracepoint;
    this.#bytes = new Uint8Array(map.entryBytes);
  }

  /** The sums over all CPUs. */
  read(): Record<UdpCounter, number> {
    const { valuesPerEntry, valueStride } = this.#map;
    this.#map.lookupInto(this.#key, this.#bytes);
    const view = new DataView(this.#bytes.buffer);
    const { size: _, ...offsets } = UDP_COUNTERS;
    const sums: Record<string, number> = {
      missed_events: Number(this.#tracepoint?.stats().recursionMisses ?? 0n),
    };
    for (const [name, offset] of Object.entries(offsets)) {
      let sum = 0n;
      for (let cpu = 0; cpu < valuesPerEntry; cpu += 1)
        sum += view.getBigUint64(cpu * valueStride + offset, true);
      sums[name] = Number(sum);
    }
    return sums as Record<UdpCounter, number>;
  }
}

/** Exports what `counters` says was lost. */
export function observeUdpLosses(losses: Losses, counters: () => Readonly<Record<UdpCounter, number>>): void {
  for (const reason of LOSSES) losses.observe(`udp_${reason}`, () => counters()[reason]);
}
