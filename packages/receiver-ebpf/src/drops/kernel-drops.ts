/** The kernel side of drops: loads and attaches the program of bpf/drops.bpf.c and reads what it counted. */
import { type BpfMap, BpfObject, type BpfProgram, readPrebuilt, releaseLoaderMemory } from '@tributary/bpf';
import { DROP_COUNT, DROP_COUNTERS } from '../generated/drops-layout.ts';

/** `interface` of `struct drop_count`. */
const INTERFACE_BYTES = DROP_COUNT.size - DROP_COUNT.interface;

/** What is lost, by the names of `struct drop_counters`, and what only the kernel counts itself. */
export type DropLoss = 'map_full' | 'flow_map_full' | 'missed_events';

/** What to load with. */
export interface KernelDropsOptions {
  readonly maxSeries: number;
  /** Count for each flow as well. */
  readonly byFlow: boolean;
  /** The entries of the map `left_out`. */
  readonly leftOut: readonly number[];
}

/** One entry of the map `drops`, valid until the handler returns. */
export interface DropEntry {
  /** `struct drop_key`. */
  readonly key: Uint8Array;
  /** Since the entry was made, over all CPUs. */
  readonly packets: number;
  /** The interface's name; empty: not known. */
  readonly interfaceName: string;
}

/** The loaded program. */
export class KernelDrops {
  readonly #object: BpfObject;
  readonly #program: BpfProgram;
  readonly #counterKey = uint32(0);
  readonly #counterBytes: Uint8Array;
  #takenFlowPackets = 0;
  #lastLosses: Readonly<Record<DropLoss, number>> | undefined;

  /** Loads and attaches: drops are counted from now on. Throws a `PipelineError` where the kernel does not allow it. */
  constructor({ maxSeries, byFlow, leftOut }: KernelDropsOptions) {
    this.#object = new BpfObject(readPrebuilt('drops'), {
      name: 'drops',
      knobs: { by_flow: byFlow ? 1 : 0 },
      maxEntries: byFlow ? { drops: maxSeries } : { drops: maxSeries, flow_drops: 1 },
    });
    try {
      this.#counterBytes = new Uint8Array(this.#object.map('counters').entryBytes);
      const map = this.#object.map('left_out');
      for (const entry of leftOut) map.update(uint32(entry), Uint8Array.of(1));
      this.#program = this.#object.load('count_drop');
      this.#program.attach();
      releaseLoaderMemory();
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /** Hands over every entry. */
  read(handle: (entry: DropEntry) => void): void {
    const map = this.#object.map('drops');
    map.readAll((keys, values, count) => {
      for (let index = 0; index < count; index += 1) {
        handle({
          key: keys.subarray(index * map.keySize, (index + 1) * map.keySize),
          ...readCount(map, values, index * map.entryBytes),
        });
      }
    });
  }

  /** Removes an entry that still has so many packets. What comes later has an entry of its own. */
  remove(key: Uint8Array, packets: number): boolean {
    const map = this.#object.map('drops');
    const value = map.lookup(key);
    return value !== undefined && readCount(map, value, 0).packets === packets && map.delete(key);
  }

  /**
   * Takes the counts of flows away: `handle` gets `struct flow_drop_key` at `offset`, and the packets. Costs little where
   * there are none.
   */
  takeFlows(handle: (keys: DataView, offset: number, packets: number) => void): void {
    const flowPackets = this.#counter(DROP_COUNTERS.flow_packets);
    if (flowPackets === this.#takenFlowPackets) return;
    this.#takenFlowPackets = flowPackets;
    const map = this.#object.map('flow_drops');
    map.readAll(
      (keys, values, count) => {
        const keyView = new DataView(keys.buffer);
        const valueView = new DataView(values.buffer);
        for (let index = 0; index < count; index += 1) {
          const packets = Number(valueView.getBigUint64(index * map.valueStride, true));
          handle(keyView, index * map.keySize, packets);
        }
      },
      { remove: true },
    );
  }

  /** What was lost since the start; after `close` what had been until then. */
  losses(): Readonly<Record<DropLoss, number>> {
    if (this.#lastLosses !== undefined) return this.#lastLosses;
    return {
      map_full: this.#counter(DROP_COUNTERS.map_full),
      flow_map_full: this.#counter(DROP_COUNTERS.flow_map_full),
      missed_events: Number(this.#program.stats().recursionMisses),
    };
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#lastLosses !== undefined) return;
    this.#lastLosses = this.losses();
    this.#object.close();
  }

  #counter(offset: number): number {
    const map = this.#object.map('counters');
    map.lookupInto(this.#counterKey, this.#counterBytes);
    return sumOverCpus(map, new DataView(this.#counterBytes.buffer), offset);
  }
}

function readCount(map: BpfMap, values: Uint8Array, offset: number): Omit<DropEntry, 'key'> {
  const view = new DataView(values.buffer, values.byteOffset + offset, map.entryBytes);
  let interfaceName = '';
  for (let cpu = 0; cpu < map.valuesPerEntry && interfaceName === ''; cpu += 1) {
    const start = offset + cpu * map.valueStride + DROP_COUNT.interface;
    const bytes = values.subarray(start, start + INTERFACE_BYTES);
    const end = bytes.indexOf(0);
    interfaceName = Buffer.from(bytes.subarray(0, end < 0 ? INTERFACE_BYTES : end)).toString('utf8');
  }
  return { packets: sumOverCpus(map, view, DROP_COUNT.packets), interfaceName };
}

/** Exact up to 2^53. */
function sumOverCpus(map: BpfMap, view: DataView, offset: number): number {
  let sum = 0;
  for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1) {
    sum += Number(view.getBigUint64(cpu * map.valueStride + offset, true));
  }
  return sum;
}

function uint32(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}
