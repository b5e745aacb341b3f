/**
 * What the kernel counted, summed up by what a data point says. Two entries of the kernel's can be one data point: those of
 * two cgroups of which nothing is known, or of an interface that was made anew.
 */
import type { CgroupName } from '../cgroups/cgroup-names.ts';
import { DROP_KEY } from '../generated/drops-layout.ts';
import type { DropEntry } from './kernel-drops.ts';

/** What did not grow for so long is forgotten, in milliseconds. */
const IDLE_MS = 10 * 60_000;

/** One data point of `network.flow.drops`. */
export interface DropSeries {
  readonly reason: number;
  /** `enum drop_direction`. */
  readonly direction: number;
  /** 4, 6 or 0. */
  readonly ipVersion: number;
  /** The IP protocol number; 0: not known. */
  readonly transport: number;
  /** Inode number; 0: not known. */
  readonly networkNamespace: number;
  /** Empty: not known. */
  readonly interfaceName: string;
  readonly cgroup: CgroupName | undefined;
  /** Since `startUnixNs`. */
  packets: number;
  startUnixNs: bigint;
  changedMs: number;
}

/** An entry of the kernel's as it was read last. */
interface Source {
  readonly key: Uint8Array;
  packets: number;
  changedMs: number;
}

/** The time of a reading: on a steady clock, and Unix time. */
export interface ReadingTime {
  readonly nowMs: number;
  readonly nowUnixNs: bigint;
}

/** See the head of this file. */
export class DropSeriesStore {
  readonly #maxEntries: number;
  readonly #findCgroup: (id: number) => CgroupName | undefined;
  readonly #sources = new Map<string, Source>();
  readonly #series = new Map<string, DropSeries>();
  #last: ReadingTime;

  /** `maxEntries` is how many the kernel's map has room for, `start` when it began to count. */
  constructor(maxEntries: number, findCgroup: (id: number) => CgroupName | undefined, start: ReadingTime) {
    this.#maxEntries = maxEntries;
    this.#findCgroup = findCgroup;
    this.#last = start;
  }

  /** All that is known, in no order. */
  get series(): ReadonlyMap<string, DropSeries> {
    return this.#series;
  }

  /** Takes in a reading: calls `read`, which hands over each entry. */
  update(time: ReadingTime, read: (handle: (entry: DropEntry) => void) => void): void {
    const startUnixNs = this.#startOf(time);
    read((entry) => this.#add(entry, time.nowMs, startUnixNs));
    this.#last = time;
  }

  /**
   * Forgets what has not grown for long, and once the kernel's map fills up, what did not grow at the last reading.
   * `remove` removes an entry there, or returns false if it has grown meanwhile.
   */
  forgetIdle(remove: (key: Uint8Array, packets: number) => boolean): void {
    const { nowMs } = this.#last;
    const isCrowded = this.#sources.size > this.#maxEntries * 0.75;
    for (const [text, source] of this.#sources) {
      const idleMs = nowMs - source.changedMs;
      if ((idleMs > IDLE_MS || (isCrowded && idleMs > 0)) && remove(source.key, source.packets)) {
        this.#sources.delete(text);
      }
    }
    const keptMs = isCrowded ? 0 : IDLE_MS;
    for (const [text, series] of this.#series) {
      if (nowMs - series.changedMs > keptMs) this.#series.delete(text);
    }
  }

  /** When what is new in this reading began. If the clock was set back, all data points begin anew: their time runs on. */
  #startOf({ nowMs, nowUnixNs }: ReadingTime): bigint {
    const { nowMs: lastMs, nowUnixNs: lastUnixNs } = this.#last;
    if (nowUnixNs > lastUnixNs) return lastUnixNs;
    const startUnixNs = nowUnixNs - BigInt(Math.round((nowMs - lastMs) * 1e6));
    for (const series of this.#series.values()) {
      series.packets = 0;
      series.startUnixNs = startUnixNs;
    }
    return startUnixNs;
  }

  #add(entry: DropEntry, nowMs: number, startUnixNs: bigint): void {
    const text = Buffer.from(entry.key).toString('latin1');
    let source = this.#sources.get(text);
    if (source === undefined) {
      source = { key: entry.key.slice(), packets: 0, changedMs: nowMs };
      this.#sources.set(text, source);
    }
    const packets = entry.packets - source.packets;
    if (packets <= 0) return;
    source.packets = entry.packets;
    source.changedMs = nowMs;
    const series = this.#seriesOf(entry, startUnixNs);
    series.packets += packets;
    series.changedMs = nowMs;
  }

  #seriesOf({ key, interfaceName }: DropEntry, startUnixNs: bigint): DropSeries {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const reason = view.getUint32(DROP_KEY.reason, true);
    const direction = view.getUint8(DROP_KEY.direction);
    const ipVersion = view.getUint8(DROP_KEY.ip_version);
    const transport = view.getUint8(DROP_KEY.transport);
    const networkNamespace = view.getUint32(DROP_KEY.network_namespace, true);
    const cgroupId = Number(view.getBigUint64(DROP_KEY.cgroup_id, true));
    const cgroup = cgroupId === 0 ? undefined : this.#findCgroup(cgroupId);
    const text = [
      reason,
      direction,
      ipVersion,
      transport,
      networkNamespace,
      interfaceName,
      cgroup?.path ?? '',
    ].join(' ');
    const known = this.#series.get(text);
    if (known !== undefined) return known;
    const series = {
      reason,
      direction,
      ipVersion,
      transport,
      networkNamespace,
      interfaceName,
      cgroup,
      packets: 0,
      startUnixNs,
      changedMs: 0,
    };
    this.#series.set(text, series);
    return series;
  }
}
