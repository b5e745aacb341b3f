/**
 * The kernel side of TCP flows: loads and attaches the programs of bpf/tcp.bpf.c, finds the connections that are there
 * already, and reads records.
 */
import { readlinkSync } from 'node:fs';
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  inNetworkNamespace,
  jiffyNs,
  monotonicNowNs,
  monotonicToUnixNs,
  networkNamespaces,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import { type Logger, PipelineError } from '@tributary/core';
import { LISTENER_RECORD } from '../generated/tcp-layout.ts';
import { type TcpCounter, TcpCounters } from './tcp-counters.ts';

/** The inode number of the first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** The programs that run on events, the first of which nothing works without. */
const TRACEPOINTS = [
  'follow_state',
  'follow_destroy',
  'follow_receive_reset',
  'follow_send_reset',
  'count_retransmit',
  'follow_retransmit_synack',
] as const;

/**
 * How often all files of all processes are looked at, in milliseconds; before other sweeps only young connections are
 * looked for among them. What it finds beyond those: the process of a connection from before the start that was accepted
 * since, and connections whose beginning was missed.
 */
const FULL_LOOK_MS = 60_000;

/** What to load with. */
export interface TcpFlowsOptions {
  readonly idleIntervalMs: number;
  readonly ringBufferBytes: number;
  readonly logger: Logger;
}

/** Gets the record of `length` bytes at `offset` of `view`; its own until it returns. */
export type FlowHandler = (view: DataView, offset: number, length: number) => void;

/** What turns the kernel's times into Unix time. */
export interface Clock {
  readonly monotonicToUnixNs: bigint;
  readonly nowUnixNs: bigint;
}

/** The loaded programs. */
export class TcpFlows {
  readonly #logger: Logger;
  readonly #object: BpfObject;
  readonly #closed: RingBuffer;
  readonly #open: RingBuffer;
  readonly #counters: TcpCounters;
  readonly #sweep: BpfIterator | undefined;
  readonly #listeners: BpfIterator | undefined;
  readonly #owners: BpfIterator | undefined;
  readonly #youngOwners: BpfIterator | undefined;
  readonly #existing: BpfIterator | undefined;
  #lastFullLookMs = Number.NEGATIVE_INFINITY;
  #lastCounters: Readonly<Record<TcpCounter, number>> | undefined;
  #isClosed = false;

  /**
   * Loads and attaches: events are recorded from now on. A program that the kernel refuses is logged, and the rest goes
   * on; throws a `PipelineError` where nothing can.
   */
  constructor({ idleIntervalMs, ringBufferBytes, logger }: TcpFlowsOptions) {
    this.#logger = logger;
    const open = (markEarly: boolean): BpfObject =>
      new BpfObject(readPrebuilt('tcp'), {
        name: 'tcp',
        knobs: {
          idle_ns: BigInt(Math.round(idleIntervalMs * 1e6)),
          mark_early: markEarly ? 1 : 0,
          jiffy_us: Number(jiffyNs() / 1000n),
        },
        maxEntries: { closed_flows: ringBufferBytes },
      });
    let object = open(!seesAllProcesses());
    try {
      const owners = this.#tryLoad(object, 'find_owners');
      if (owners === undefined) {
        // Then it does not keep connections in their sockets for the sweep.
        object.close();
        object = open(true);
      }
      this.#object = object;
      this.#owners = owners?.attachIterator();
      const iterate = (program: string, map?: string): BpfIterator | undefined =>
        this.#tryLoad(object, program)?.attachIterator(map === undefined ? undefined : object.map(map).fd);
      this.#youngOwners = owners === undefined ? undefined : iterate('find_young_owners');
      this.#sweep = iterate('sweep_connections', 'connections');
      this.#listeners = iterate('sweep_listeners', 'listening_sockets');
      this.#existing = iterate('mark_connections');
      this.#counters = new TcpCounters(object.map('counters'), this.#attachTracepoints(object));
      this.#closed = new RingBuffer(object.map('closed_flows'));
      this.#open = new RingBuffer(object.map('open_flows'));
      releaseLoaderMemory();
    } catch (error) {
      object.close();
      throw error;
    }
  }

  /**
   * Marks the connections that are there already, in every network namespace that we see and may enter. Without the
   * permission to enter (CAP_SYS_ADMIN) those of other namespaces are found by their processes' open files.
   */
  async markExisting(): Promise<void> {
    const iterator = this.#existing;
    if (iterator !== undefined) {
      await iterator.run(visitOnly);
      const refused = new Map<string, number>();
      for (const namespace of networkNamespaces()) {
        const entered = inNetworkNamespace(namespace, () => iterator.open());
        if ('result' in entered) await iterator.read(entered.result, visitOnly);
        else refused.set(entered.problem, (refused.get(entered.problem) ?? 0) + 1);
      }
      for (const [problem, namespaces] of refused) {
        this.#logger.warn(
          { problem, namespaces },
          'network namespaces cannot be entered; of their connections from before the start some may be missing',
        );
      }
    }
    await this.#findOwners();
  }

  /** The clock as it stands; ask before a `drain` or `sweep`. */
  clock(): Clock {
    const offset = monotonicToUnixNs();
    return { monotonicToUnixNs: offset, nowUnixNs: monotonicNowNs() + offset };
  }

  /** The share of the ring buffer, 0 to 1, that ended connections take. */
  get crowding(): number {
    return this.#isClosed ? 0 : this.#closed.pendingBytes / this.#object.map('closed_flows').maxEntries;
  }

  /** Hands over the records of connections that ended, at most `limit`; returns how many there were. */
  drain(handle: FlowHandler, limit: number): number {
    return this.#closed.drain(handle, limit);
  }

  /**
   * Hands over a record for each open connection that is due one. `mayGoOn` is asked each time that the kernel pauses: when
   * it says no, what the remaining connections carried is in their next record. One sweep at a time.
   */
  async sweep(handle: FlowHandler, mayGoOn: () => boolean): Promise<void> {
    await this.#findOwners();
    await this.#sweep?.run(() => {
      // The program stops when the ring buffer is full, and goes on where it was.
      this.#open.drain(handle);
      return mayGoOn();
    });
    this.#open.drain(handle);
  }

  /** Hands over a record for each listening socket that has something to report. One at a time. */
  async sweepListeners(handle: (view: DataView, offset: number) => void): Promise<void> {
    await this.#listeners?.run((view, length) => {
      for (let offset = 0; offset < length; offset += LISTENER_RECORD.size) handle(view, offset);
      return true;
    });
  }

  /** What was counted since the start; after `close` what had been counted until then. */
  counters(): Readonly<Record<TcpCounter, number>> {
    return this.#lastCounters ?? this.#counters.read();
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#lastCounters = this.counters();
    this.#isClosed = true;
    this.#closed.close();
    this.#open.close();
    this.#object.close();
  }

  /** Keeps connections in their sockets, with their processes. */
  async #findOwners(): Promise<void> {
    const nowMs = performance.now();
    if (this.#youngOwners !== undefined && nowMs - this.#lastFullLookMs < FULL_LOOK_MS) {
      await this.#youngOwners.run(visitOnly);
      return;
    }
    this.#lastFullLookMs = nowMs;
    await this.#owners?.run(visitOnly);
  }

  #attachTracepoints(object: BpfObject): BpfProgram[] {
    const attached: BpfProgram[] = [];
    for (const name of TRACEPOINTS) {
      const program = name === 'follow_state' ? object.load(name) : this.#tryLoad(object, name);
      if (program === undefined) continue;
      program.attach();
      attached.push(program);
    }
    return attached;
  }

  #tryLoad(object: BpfObject, name: string): BpfProgram | undefined {
    try {
      return object.load(name);
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'BPF_LOAD') throw error;
      this.#logger.warn({ error: error.message, ...error.details }, 'a kernel program was refused');
      return undefined;
    }
  }
}

/** For iterators that act on what they visit and write nothing. */
function visitOnly(): boolean {
  return true;
}

/** A process in a pid namespace of its own does not see the open files of others. */
function seesAllProcesses(): boolean {
  return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE;
}
