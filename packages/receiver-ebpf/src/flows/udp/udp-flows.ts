/**
 * The kernel side of UDP flows: loads and attaches the programs of bpf/udp.bpf.c, finds the sockets that are there already,
 * and reads records.
 */
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  countCgroupPrograms,
  isWholeCgroupTree,
  type Machine,
  ProgramCounters,
  type RecordHandler,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
  UDP_SENDMSG_HOOKS,
} from '@tributary/bpf';
import { errorText, type Logger, PipelineError } from '@tributary/core';
import { UDP_CONTROL, UDP_COUNTERS, UDP_RECORD } from '../../generated/udp-layout.ts';
import { attachAsked } from '../asked-programs.ts';
import { runInEveryNamespace, visitOnly } from '../every-namespace.ts';
import type { UdpCounter } from './udp-counters.ts';

/** The share of the room for peers that may be taken before those that were idle of late have to go. */
const CROWDED = 0.75;

/** The programs that note what connect() and sendto() are asked for, before others rewrite it. */
const NOTING = ['note_connected4', 'note_connected6', 'note_sent4', 'note_sent6'] as const;

/** What to load with. */
export interface UdpFlowsOptions {
  readonly idleTimeoutMs: number;
  readonly maxPeers: number;
  readonly ringBufferBytes: number;
  readonly machine: Machine;
  readonly logger: Logger;
}

/** The loaded programs. */
export class UdpFlows {
  readonly #logger: Logger;
  readonly #idleTimeoutMs: number;
  readonly #maxPeers: number;
  readonly #object: BpfObject;
  readonly #closed: RingBuffer;
  readonly #counters: ProgramCounters<typeof UDP_COUNTERS>;
  readonly #sweeps: readonly BpfIterator[];
  readonly #owners: BpfIterator | undefined;
  #withoutOwner = 0;
  /** The cgroup at which it is not noted yet what processes ask for. */
  #unnoted: string | undefined;

  private constructor(object: BpfObject, { idleTimeoutMs, maxPeers, logger }: UdpFlowsOptions) {
    this.#object = object;
    this.#logger = logger;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#maxPeers = maxPeers;
    this.#control(false);
    this.#sweeps = [
      this.#tryLoad('sweep_sockets')?.attachIterator(object.map('sockets').fd),
      this.#tryLoad('sweep_peers')?.attachIterator(object.map('peers').fd),
    ].filter((sweep) => sweep !== undefined);
    this.#owners = this.#tryLoad('find_socket_owners')?.attachIterator();
    const takeBack = this.#tryLoad('take_back_received');
    takeBack?.attach();
    this.#counters = new ProgramCounters(
      object.map('counters'),
      UDP_COUNTERS,
      takeBack === undefined ? [] : [takeBack],
    );
    this.#closed = new RingBuffer(object.map('closed_flows'));
  }

  /**
   * Loads and attaches; datagrams are counted when it is done. A program that the kernel refuses is logged, and the rest
   * goes on; throws a `PipelineError` where nothing can be counted.
   */
  static async open(options: UdpFlowsOptions): Promise<UdpFlows> {
    const cgroup = rootCgroup(options);
    const object = new BpfObject(readPrebuilt('udp'), {
      name: 'udp',
      maxEntries: {
        peers: options.maxPeers,
        open_sockets: options.maxPeers,
        closed_flows: options.ringBufferBytes,
      },
    });
    let flows: UdpFlows | undefined;
    try {
      flows = new UdpFlows(object, options);
      flows.#unnoted = cgroup;
      flows.#noteAsked();
      // Before datagrams are counted, so that none is taken for the first of its socket.
      await flows.#markExisting();
      flows.#attach(cgroup);
      releaseLoaderMemory();
      return flows;
    } catch (error) {
      flows?.close();
      object.close();
      throw error;
    }
  }

  /** Hands over the last records of closed sockets, at most `limit`; returns how many there were. */
  drain(handle: RecordHandler, limit: number): number {
    return this.#closed.drain(handle, limit);
  }

  /** The share of the ring buffer, 0 to 1, that closed sockets take. */
  get crowding(): number {
    return this.#closed.fullness;
  }

  /** True if there is so little room for peers that an `evict` is due. */
  get isCrowded(): boolean {
    const { peers_added, peers_removed } = this.counters();
    return peers_added - peers_removed > CROWDED * this.#maxPeers;
  }

  /**
   * Hands over a record for each flow that is due one. When `goOn` returns false it stops after the present page; what the
   * remaining flows carried is in their next record. One sweep at a time.
   */
  async sweep(handle: RecordHandler, goOn: () => boolean): Promise<void> {
    this.#noteAsked();
    const { without_owner: withoutOwner } = this.counters();
    if (withoutOwner > this.#withoutOwner) {
      this.#withoutOwner = withoutOwner;
      await this.#owners?.run(visitOnly);
    }
    for (const sweep of this.#sweeps) {
      await sweep.run((view, length) => {
        for (let offset = 0; offset + UDP_RECORD.size <= length; offset += UDP_RECORD.size) {
          handle(view, offset, UDP_RECORD.size);
        }
        return goOn();
      });
    }
  }

  /** A sweep that ends the flows of peers that carried nothing since the last, and a second that makes room of them. */
  async evict(handle: RecordHandler, goOn: () => boolean): Promise<void> {
    this.#control(true);
    try {
      await this.sweep(handle, goOn);
      await this.sweep(handle, goOn);
    } finally {
      this.#control(false);
    }
  }

  /** What was counted since the start; after `close` what had been counted until then. */
  counters(): Readonly<Record<UdpCounter, number>> {
    return this.#counters.read();
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    this.#counters.close();
    this.#closed.close();
    this.#object.close();
  }

  #attach(cgroup: string): void {
    // Its end first: of a socket that is counted every end is seen.
    this.#tryLoad('end_flow')?.attachCgroup(cgroup);
    const counting = ['count_sent', 'count_received'].map((name) => this.#tryLoad(name));
    for (const program of counting) program?.attachCgroup(cgroup);
    if (counting.some((program) => program !== undefined)) return;
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      'ebpf: flows::udp: this kernel takes neither of the programs that count datagrams. The log has its reasons.',
    );
  }

  /**
   * Notes the sockets that are there already, in every network namespace that we see and may enter (CAP_SYS_ADMIN), and
   * whose they are.
   */
  async #markExisting(): Promise<void> {
    try {
      const existing = this.#tryLoad('mark_existing')?.attachIterator();
      if (existing === undefined) return;
      await runInEveryNamespace(existing, {
        logger: this.#logger,
        missing: 'which end sent first may be wrong for their UDP sockets from before the start',
      });
      await this.#owners?.run(visitOnly);
    } catch (error) {
      this.#logger.warn(
        { error: errorText(error) },
        'UDP sockets from before the start could not be looked for; which end sent first may be wrong for them',
      );
    }
  }

  /**
   * Notes what processes ask for from now on, if there is anybody who sends them elsewhere: a CNI that does has programs for what
   * is sent at the same cgroup. Without one, nothing runs for it; it may begin when this has been running for long.
   */
  #noteAsked(): void {
    const cgroup = this.#unnoted;
    if (cgroup === undefined) return;
    try {
      const { v4, v6 } = UDP_SENDMSG_HOOKS;
      if (countCgroupPrograms(cgroup, v4) === 0 && countCgroupPrograms(cgroup, v6) === 0) return;
    } catch (error) {
      this.#logger.warn(
        { error: errorText(error) },
        'it cannot be told whether a CNI sends UDP flows elsewhere; they have only where they went',
      );
      this.#unnoted = undefined;
      return;
    }
    this.#unnoted = undefined;
    attachAsked(this.#object, NOTING, { cgroup, what: 'UDP flows', logger: this.#logger });
  }

  #control(evict: boolean): void {
    const bytes = new Uint8Array(UDP_CONTROL.size);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(UDP_CONTROL.idle_ns, BigInt(Math.round(this.#idleTimeoutMs * 1e6)), true);
    view.setBigUint64(UDP_CONTROL.evict, evict ? 1n : 0n, true);
    this.#object.map('controls').update(new Uint8Array(4), bytes);
  }

  #tryLoad(name: string): BpfProgram | undefined {
    return this.#object.loadOptional(name, this.#logger);
  }
}

/** The root of cgroup v2, where programs see the sockets of all cgroups; of a part of the tree, those of that part. */
function rootCgroup({ machine, logger }: UdpFlowsOptions): string {
  const { capabilities, cgroups } = machine;
  if (!capabilities.CAP_NET_ADMIN) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      'ebpf: flows::udp: this process may not attach programs to cgroups (it has no CAP_NET_ADMIN). ' +
        'Give it this capability, or set flows::udp::enabled to false.',
    );
  }
  const path = cgroups.v2Path;
  if (path === undefined) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      'ebpf: flows::udp: control groups of version 2 are not mounted (found none in /proc/self/mountinfo). ' +
        'Mount them (mount -t cgroup2 none /sys/fs/cgroup/unified), give the container those of the host, or set ' +
        'flows::udp::enabled to false.',
    );
  }
  if (!isWholeCgroupTree(path)) {
    logger.warn(
      { path },
      'UDP flows are seen of the cgroups below this one only, which is not the root of the machine: mount the host’s /sys/fs/cgroup',
    );
  }
  return path;
}
