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
  monotonicNowNs,
  monotonicToUnixNs,
  networkNamespaces,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import { type Logger, PipelineError } from '@tributary/core';
import { FLOW_RECORD, TCP_COUNTERS } from '../generated/tcp-layout.ts';

/** The inode number of the first pid namespace (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** The programs that run on events, the first of which nothing works without. */
const TRACEPOINTS = [
  'follow_state',
  'follow_destroy',
  'follow_receive_reset',
  'follow_send_reset',
  'count_retransmit',
] as const;

/** What the kernel programs count, by the names of `struct tcp_counters`, and what only the kernel counts itself. */
export type TcpCounter = Exclude<keyof typeof TCP_COUNTERS, 'size'> | 'missed_events';

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
  readonly #ring: RingBuffer;
  readonly #tracepoints: BpfProgram[] = [];
  readonly #sweep: BpfIterator | undefined;
  readonly #owners: BpfIterator | undefined;
  readonly #existing: BpfIterator | undefined;
  readonly #counterKey = new Uint8Array(4);
  readonly #counterBytes: Uint8Array;
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
        knobs: { idle_ns: BigInt(Math.round(idleIntervalMs * 1e6)), mark_early: markEarly ? 1 : 0 },
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
      const counters = object.map('counters');
      this.#counterBytes = new Uint8Array(counters.entryBytes);
      this.#owners = owners?.attachIterator();
      this.#sweep = this.#tryLoad(object, 'sweep_connections')?.attachIterator(object.map('connections').fd);
      this.#existing = this.#tryLoad(object, 'mark_connections')?.attachIterator();
      this.#attachTracepoints(object);
      this.#ring = new RingBuffer(object.map('closed_flows'));
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
    await this.#owners?.run(visitOnly);
  }

  /** The clock as it stands; ask before a `drain` or `sweep`. */
  clock(): Clock {
    const offset = monotonicToUnixNs();
    return { monotonicToUnixNs: offset, nowUnixNs: monotonicNowNs() + offset };
  }

  /** Hands over the records of connections that ended, at most `limit`; returns how many there were. */
  drain(handle: FlowHandler, limit: number): number {
    return this.#ring.drain(handle, limit);
  }

  /**
   * Hands over a record for each open connection that is due one. When `handle` returns false it stops after the present
   * page; what the remaining connections carried is in their next record. One sweep at a time.
   */
  async sweep(handle: (view: DataView, offset: number, length: number) => boolean): Promise<void> {
    await this.#owners?.run(visitOnly);
    await this.#sweep?.run((view, length) => {
      let goOn = true;
      for (let offset = 0; offset + FLOW_RECORD.size <= length; offset += FLOW_RECORD.size) {
        goOn = handle(view, offset, FLOW_RECORD.size);
      }
      return goOn;
    });
  }

  /** What was counted since the start; after `close` what had been counted until then. */
  counters(): Readonly<Record<TcpCounter, number>> {
    if (this.#isClosed && this.#lastCounters !== undefined) return this.#lastCounters;
    const map = this.#object.map('counters');
    map.lookupInto(this.#counterKey, this.#counterBytes);
    const view = new DataView(this.#counterBytes.buffer);
    const { size: _, ...offsets } = TCP_COUNTERS;
    const sums: Record<string, number> = { missed_events: this.#missedEvents() };
    for (const [name, offset] of Object.entries(offsets)) {
      let sum = 0n;
      for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1) {
        sum += view.getBigUint64(cpu * map.valueStride + offset, true);
      }
      sums[name] = Number(sum);
    }
    return sums as Record<TcpCounter, number>;
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#lastCounters = this.counters();
    this.#isClosed = true;
    this.#ring.close();
    this.#object.close();
  }

  #attachTracepoints(object: BpfObject): void {
    for (const name of TRACEPOINTS) {
      const program = name === 'follow_state' ? object.load(name) : this.#tryLoad(object, name);
      if (program === undefined) continue;
      program.attach();
      this.#tracepoints.push(program);
    }
  }

  /** Events that the kernel did not give to the programs, which were running on the same CPU already. */
  #missedEvents(): number {
    return this.#tracepoints.reduce((sum, program) => sum + Number(program.stats().recursionMisses), 0);
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
