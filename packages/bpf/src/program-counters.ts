/** Reads what programs count: a per-CPU array of one entry, a struct of which every field is a u64. */
import type { BpfMap } from './bpf-map.ts';
import type { BpfProgram } from './bpf-program.ts';

/** The names of the counters of a struct with this layout, and what only the kernel counts itself. */
export type ProgramCounter<Layout> = Exclude<keyof Layout & string, 'size'> | 'missed_events';

/** The sums over all CPUs, by the names of the struct's fields. */
export class ProgramCounters<Layout extends { readonly size: number }> {
  readonly #map: BpfMap;
  readonly #offsets: readonly (readonly [name: string, offset: number])[];
  readonly #tracepoints: readonly BpfProgram[];
  readonly #key = new Uint8Array(4);
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #last: Readonly<Record<ProgramCounter<Layout>, number>> | undefined;

  /** `layout` says where the fields begin. `missed_events` sums up what the kernel left out of `tracepoints`. */
  constructor(map: BpfMap, layout: Layout, tracepoints: readonly BpfProgram[]) {
    this.#map = map;
    this.#offsets = Object.entries(layout).filter(([name]) => name !== 'size');
    this.#tracepoints = tracepoints;
    this.#bytes = new Uint8Array(map.entryBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was counted since the programs were loaded; after `close` what had been until then. Exact up to 2^53. */
  read(): Readonly<Record<ProgramCounter<Layout>, number>> {
    if (this.#last !== undefined) return this.#last;
    const { valuesPerEntry, valueStride } = this.#map;
    this.#map.lookupInto(this.#key, this.#bytes);
    const sums: Record<string, number> = { missed_events: this.#missedEvents() };
    for (const [name, offset] of this.#offsets) {
      let sum = 0n;
      for (let cpu = 0; cpu < valuesPerEntry; cpu += 1) {
        sum += this.#view.getBigUint64(cpu * valueStride + offset, true);
      }
      sums[name] = Number(sum);
    }
    return sums as Record<ProgramCounter<Layout>, number>;
  }

  /** Reads a last time: map and programs may be closed afterwards. Safe to call again. */
  close(): void {
    this.#last = this.read();
  }

  /** Events that the kernel did not give to a program because it was running on the same CPU already. */
  #missedEvents(): number {
    return this.#tracepoints.reduce((sum, program) => sum + Number(program.stats().recursionMisses), 0);
  }
}
