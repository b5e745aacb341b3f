import { type Mappings, readMappings } from './mappings.ts';
import type { Memory } from './probe.ts';
import type { SoakSubject } from './subject.ts';

/** The process's memory under load. */
export interface MemorySample extends Memory {
  /** The mean since the sample before. */
  readonly rssBytes: number;
  readonly mappings: Mappings;
}

/** Looks at the memory of a process all the time, and writes it down now and then. */
export class MemoryLog {
  readonly samples: MemorySample[] = [];
  peakRssBytes = 0;
  readonly #subject: SoakSubject;
  readonly #everyMs: number;
  #nextMs: number;
  #rssSum = 0;
  #looks = 0;

  constructor(subject: SoakSubject, everyMs: number) {
    this.#subject = subject;
    this.#everyMs = everyMs;
    this.#nextMs = performance.now() + everyMs;
  }

  /** Looks; gives a sample when it is time for one. */
  async look(): Promise<MemorySample | undefined> {
    const { rssBytes } = this.#subject;
    this.peakRssBytes = Math.max(this.peakRssBytes, rssBytes);
    this.#rssSum += rssBytes;
    this.#looks += 1;
    if (performance.now() < this.#nextMs) return undefined;
    this.#nextMs += this.#everyMs;
    const sample = {
      ...(await this.#subject.memory()),
      rssBytes: this.#rssSum / this.#looks,
      mappings: readMappings(this.#subject.pid),
    };
    this.samples.push(sample);
    this.#rssSum = 0;
    this.#looks = 0;
    return sample;
  }
}

/** A sample in a line, in MiB. */
export function inWords({ rssBytes, mappings, heapBytes, heapResidentBytes, native }: MemorySample): string {
  const { malloc, files, anonymous, arenas } = mappings;
  const ofMalloc =
    native === undefined ? '' : `, malloc ${mib(native.inUseBytes)} in use and ${mib(native.freeBytes)} free`;
  return `${mib(rssBytes)} MiB resident (malloc ${mib(malloc)} in ${arenas} arenas, files ${mib(files)}, else ${mib(anonymous)}), heap ${mib(heapBytes)} of ${mib(heapResidentBytes)}${ofMalloc}`;
}

const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);
