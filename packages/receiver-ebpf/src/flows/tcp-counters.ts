import type { BpfMap, BpfProgram } from '@tributary/bpf';
import { TCP_COUNTERS } from '../generated/tcp-layout.ts';

/** What the kernel programs count, by the names of `struct tcp_counters`, and what only the kernel counts itself. */
export type TcpCounter = Exclude<keyof typeof TCP_COUNTERS, 'size'> | 'missed_events';

const { size: _, ...OFFSETS } = TCP_COUNTERS;

/** Sums up what each CPU counted. */
export class TcpCounters {
  readonly #map: BpfMap;
  readonly #key = new Uint8Array(4);
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #tracepoints: readonly BpfProgram[];

  /** `tracepoints` are the programs that run on events. */
  constructor(map: BpfMap, tracepoints: readonly BpfProgram[]) {
    this.#map = map;
    this.#bytes = new Uint8Array(map.entryBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#tracepoints = tracepoints;
  }

  /** What was counted since the programs were loaded. */
  read(): Readonly<Record<TcpCounter, number>> {
    this.#map.lookupInto(this.#key, this.#bytes);
    const sums: Record<string, number> = { missed_events: this.#missedEvents() };
    for (const [name, offset] of Object.entries(OFFSETS)) {
      let sum = 0n;
      for (let cpu = 0; cpu < this.#map.valuesPerEntry; cpu += 1) {
        sum += this.#view.getBigUint64(cpu * this.#map.valueStride + offset, true);
      }
      sums[name] = Number(sum);
    }
    return sums as Record<TcpCounter, number>;
  }

  /** Events that the kernel did not give to the programs, which were running on the same CPU already. */
  #missedEvents(): number {
    return this.#tracepoints.reduce((sum, program) => sum + Number(program.stats().recursionMisses), 0);
  }
}
