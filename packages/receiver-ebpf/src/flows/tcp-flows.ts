/**
 * The kernel side of TCP flows: loads and attaches the programs of bpf/tcp.bpf.c, finds the connections that are there
 * already, and reads records.
 */
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  jiffyNs,
  ProgramCounters,
  type RecordHandler,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import type { Logger } from '@tributary/core';
import { LISTENER_RECORD, TCP_COUNTERS } from '../generated/tcp-layout.ts';
import { isInFirstPidNamespace } from '../pid-namespace.ts';
import { attachAsked } from './asked-programs.ts';
import { runInEveryNamespace, visitOnly } from './every-namespace.ts';
import type { TcpCounter } from './tcp-counters.ts';

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

/** The programs that note what connect() is asked for, before others rewrite it. */
const NOTING = ['note_asked4', 'note_asked6'] as const;

/** What to load with. */
export interface TcpFlowsOptions {
  /** Where connect() is watched: the root of cgroup version 2; undefined: nowhere. */
  readonly connectCgroup: string | undefined;
  readonly idleIntervalMs: number;
  readonly ringBufferBytes: number;
  readonly logger: Logger;
  /** The object file; the one that was built for this machine, if not given. */
  readonly objectFile?: Uint8Array;
}

/** The loaded programs. */
export class TcpFlows {
  readonly #logger: Logger;
  readonly #object: BpfObject;
  readonly #closed: RingBuffer;
  readonly #open: RingBuffer;
  readonly #counters: ProgramCounters<typeof TCP_COUNTERS>;
  readonly #sweep: BpfIterator | undefined;
  readonly #listeners: BpfIterator | undefined;
  readonly #owners: BpfIterator | undefined;
  readonly #youngOwners: BpfIterator | undefined;
  readonly #existing: BpfIterator | undefined;
  #lastFullLookMs = Number.NEGATIVE_INFINITY;

  /**
   * Loads and attaches: events are recorded from now on. A program that the kernel refuses is logged, and the rest goes
   * on; throws a `PipelineError` where nothing can.
   */
  constructor(options: TcpFlowsOptions) {
    const { connectCgroup, idleIntervalMs, ringBufferBytes, logger } = options;
    const { objectFile = readPrebuilt('tcp') } = options;
    this.#logger = logger;
    const open = (markEarly: boolean): BpfObject =>
      new BpfObject(objectFile, {
        name: 'tcp',
        knobs: {
          idle_ns: BigInt(Math.round(idleIntervalMs * 1e6)),
          mark_early: markEarly ? 1 : 0,
          notes_asked: connectCgroup === undefined ? 0 : 1,
          jiffy_us: Number(jiffyNs() / 1000n),
        },
        maxEntries: { closed_flows: ringBufferBytes },
      });
    // From a pid namespace of its own, find_owners does not see the open files of others.
    let object = open(!isInFirstPidNamespace());
    try {
      const owners = object.loadOptional('find_owners', logger);
      if (owners === undefined) {
        // Then it does not keep connections in their sockets for the sweep.
        object.close();
        object = open(true);
      }
      this.#object = object;
      this.#owners = owners?.attachIterator();
      const iterate = (program: string, map?: string): BpfIterator | undefined =>
        object
          .loadOptional(program, logger)
          ?.attachIterator(map === undefined ? undefined : object.map(map).fd);
      this.#youngOwners = owners === undefined ? undefined : iterate('find_young_owners');
      this.#sweep = iterate('sweep_connections', 'connections');
      this.#listeners = iterate('sweep_listeners', 'listening_sockets');
      this.#existing = iterate('mark_connections');
      // First, so that of each connection that begins it is known what was asked for.
      if (connectCgroup !== undefined) {
        attachAsked(object, NOTING, { cgroup: connectCgroup, what: 'connections', logger });
      }
      const tracepoints = this.#attachTracepoints(object);
      this.#counters = new ProgramCounters(object.map('counters'), TCP_COUNTERS, tracepoints);
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
    if (this.#existing !== undefined) {
      await runInEveryNamespace(this.#existing, {
        logger: this.#logger,
        missing: 'of their connections from before the start some may be missing',
      });
    }
    await this.#findOwners();
  }

  /** The share of the ring buffer, 0 to 1, that ended connections take. */
  get crowding(): number {
    return this.#closed.fullness;
  }

  /** Hands over the records of connections that ended, at most `limit`; returns how many there were. */
  drain(handle: RecordHandler, limit: number): number {
    return this.#closed.drain(handle, limit);
  }

  /**
   * Hands over a record for each open connection that is due one. `mayGoOn` is asked each time that the kernel pauses: when
   * it says no, what the remaining connections carried is in their next record. One sweep at a time.
   */
  async sweep(handle: RecordHandler, mayGoOn: () => boolean): Promise<void> {
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
    return this.#counters.read();
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    this.#counters.close();
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
      const program = name === 'follow_state' ? object.load(name) : object.loadOptional(name, this.#logger);
      if (program === undefined) continue;
      program.attach();
      attached.push(program);
    }
    return attached;
  }
}
