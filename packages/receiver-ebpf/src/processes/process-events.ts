/** The kernel side of processes: loads and attaches the programs of bpf/processes.bpf.c, and reads records. */
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  type ProgramCounter,
  ProgramCounters,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import { type Logger, PipelineError } from '@tributary/core';
import { PROCESS_COUNTERS } from '../generated/processes-layout.ts';

/** What the kernel programs count, by the names of `struct process_counters`, and what only the kernel counts itself. */
export type ProcessCounter = ProgramCounter<typeof PROCESS_COUNTERS>;

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
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  readonly #living: BpfIterator | undefined;
  readonly #counters: ProgramCounters<typeof PROCESS_COUNTERS>;

  /**
   * Loads and attaches: events are recorded from now on. Throws a `PipelineError` where starts or ends cannot be seen; of
   * the others, one that the kernel refuses is logged, and the rest goes on.
   */
  constructor({ argumentBytes, ringBufferBytes, logger }: ProcessEventsOptions) {
    this.#object = new BpfObject(readPrebuilt('processes'), {
      name: 'processes',
      knobs: { max_arguments_bytes: argumentBytes },
      maxEntries: { process_events: ringBufferBytes },
    });
    try {
      this.#living = this.#object.loadOptional('find_processes', logger)?.attachIterator();
      const tracepoints = [
        this.#object.loadOptional('follow_fork', logger),
        this.#object.load('follow_exec'),
        this.#loadExit(),
        this.#object.loadOptional('follow_oom_kill', logger),
        this.#object.loadOptional('follow_move', logger),
      ].filter((program) => program !== undefined);
      for (const program of tracepoints) program.attach();
      this.#counters = new ProgramCounters(this.#object.map('counters'), PROCESS_COUNTERS, tracepoints);
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
    return this.#counters.read();
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    this.#counters.close();
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
}
