/** The kernel side of processes: loads and attaches the programs of bpf/processes.bpf.c, and reads records. */
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import { type Logger, PipelineError } from '@tributary/core';
import { PROCESS_COUNTERS } from '../generated/processes-layout.ts';

/** What the kernel programs count, by the names of `struct process_counters`, and what only the kernel counts itself. */
export type ProcessCounter = Exclude<keyof typeof PROCESS_COUNTERS, 'size'> | 'missed_events';

/** What to load with. */
export interface ProcessEventsOptions {
  /** Of the arguments of a program; 0: none. */
  readonly argumentBytes: number;
  readonly ringBufferBytes: number;
  readonly logger: Logger;
}

/** Gets records in the `length` bytes at `offset` of `view`; its own until it returns. */
export type ProcessHandler = (view: DataView, offset: number, length: number) => void;

/** The loaded programs. */
export class ProcessEvents {
  readonly #logger: Logger;
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  readonly #tracepoints: BpfProgram[] = [];
  readonly #living: BpfIterator | undefined;
  readonly #counterKey = new Uint8Array(4);
  readonly #counterBytes: Uint8Array;
  #lastCounters: Readonly<Record<ProcessCounter, number>> | undefined;
  #isClosed = false;

  /**
   * Loads and attaches: events are recorded from now on. Throws a `PipelineError` where starts or ends cannot be seen; of
   * the others, one that the kernel refuses is logged, and the rest goes on.
   */
  constructor({ argumentBytes, ringBufferBytes, logger }: ProcessEventsOptions) {
    this.#logger = logger;
    this.#object = new BpfObject(readPrebuilt('processes'), {
      name: 'processes',
      knobs: { max_arguments_bytes: argumentBytes },
      maxEntries: { process_events: ringBufferBytes },
    });
    try {
      const counters = this.#object.map('counters');
      this.#counterBytes = new Uint8Array(counters.entryBytes);
      this.#living = this.#tryLoad('find_processes')?.attachIterator();
      this.#attach(this.#tryLoad('follow_fork'));
      this.#attach(this.#object.load('follow_exec'));
      this.#attach(this.#loadExit());
      this.#attach(this.#tryLoad('follow_oom_kill'));
      this.#attach(this.#tryLoad('follow_move'));
      this.#ring = new RingBuffer(this.#object.map('process_events'));
      releaseLoaderMemory();
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /** A mark behind the last event that there is. */
  get end(): number {
    return this.#ring.writtenBytes;
  }

  /** True once every event before a mark has been handed over. */
  hasPassed(end: number): boolean {
    return this.#ring.readBytes >= end;
  }

  /** Hands over the records of events, one a call, at most `limit`; returns how many there were. */
  drain(handle: ProcessHandler, limit: number): number {
    return this.#ring.drain(handle, limit);
  }

  /** Hands over a record for each process that lives, many a call. One search at a time. */
  async findLiving(handle: ProcessHandler): Promise<void> {
    await this.#living?.run((view, length) => {
      handle(view, 0, length);
      return true;
    });
  }

  /** What was counted since the start; after `close` what had been counted until then. */
  counters(): Readonly<Record<ProcessCounter, number>> {
    if (this.#isClosed && this.#lastCounters !== undefined) return this.#lastCounters;
    const map = this.#object.map('counters');
    map.lookupInto(this.#counterKey, this.#counterBytes);
    const view = new DataView(this.#counterBytes.buffer);
    const { size: _, ...offsets } = PROCESS_COUNTERS;
    const sums: Record<string, number> = { missed_events: this.#missedEvents() };
    for (const [name, offset] of Object.entries(offsets)) {
      let sum = 0n;
      for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1) {
        sum += view.getBigUint64(cpu * map.valueStride + offset, true);
      }
      sums[name] = Number(sum);
    }
    return sums as Record<ProcessCounter, number>;
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#lastCounters = this.counters();
    this.#isClosed = true;
    this.#ring.close();
    this.#object.close();
  }

  /** Kernels before 6.16 do not say which thread is the last. */
  #loadExit(): BpfProgram {
    try {
      return this.#object.load('follow_exit');
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'BPF_LOAD') throw error;
      return this.#object.load('follow_exit_before_6_16');
    }
  }

  #attach(program: BpfProgram | undefined): void {
    if (program === undefined) return;
    program.attach();
    this.#tracepoints.push(program);
  }

  /** Events that the kernel did not give to the programs, which were running on the same CPU already. */
  #missedEvents(): number {
    return this.#tracepoints.reduce((sum, program) => sum + Number(program.stats().recursionMisses), 0);
  }

  #tryLoad(name: string): BpfProgram | undefined {
    try {
      return this.#object.load(name);
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'BPF_LOAD') throw error;
      this.#logger.warn({ error: error.message, ...error.details }, 'a kernel program was refused');
      return undefined;
    }
  }
}
