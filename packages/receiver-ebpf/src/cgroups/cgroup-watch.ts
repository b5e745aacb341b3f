/**
 * The kernel side of the cgroups: loads and attaches the programs of bpf/cgroups.bpf.c, which tell of every cgroup of
 * version 2 that is made and removed, by its path from the root of the machine.
 *
 *      0  type         u8    CGROUP_EVENT_TYPE
 *      1  version      u8
 *      2  path_bytes   u16
 *      8  id           u64   inode number
 *     16  path               UTF-8 as far as its maker cared, path_bytes and a 0
 */
import {
  type BpfIterator,
  BpfObject,
  type BpfProgram,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
} from '@tributary/bpf';
import { type Logger, PipelineError } from '@tributary/core';
import {
  CGROUP_COUNTERS,
  CGROUP_EVENT,
  CGROUP_EVENT_TYPE,
  CGROUP_LINK,
  CGROUP_RECORD_VERSION,
} from '../generated/cgroups-layout.ts';

const TWO_32 = 2 ** 32;

/** Ways of losing an event. */
export type CgroupLoss = Exclude<keyof typeof CGROUP_COUNTERS, 'size'> | 'missed_events';

/** Is told of cgroups by their ids: what an event says, or a look at those that are there. */
export interface CgroupListener {
  made(id: number, path: string): void;
  removed(id: number): void;
}

/** Where a tree of cgroups learns what happened since it last asked. */
export interface CgroupEvents {
  /** Hands over what happened, in order. */
  drain(listener: CgroupListener): void;
  /** How many events were lost, ever; all reasons. */
  lost(): number;
}

/** The loaded programs. */
export class CgroupWatch implements CgroupEvents {
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  readonly #programs: readonly BpfProgram[];
  readonly #lister: BpfIterator | undefined;
  readonly #counterKey = new Uint8Array(4);
  readonly #counterBytes: Uint8Array;
  #lastLosses: Readonly<Record<CgroupLoss, number>> | undefined;

  /** Loads and attaches; throws a `PipelineError` where the kernel does not tell of cgroups that are made. */
  constructor(logger: Logger) {
    this.#object = new BpfObject(readPrebuilt('cgroups'), { name: 'cgroups' });
    try {
      this.#counterBytes = new Uint8Array(this.#object.map('counters').entryBytes);
      this.#programs = ['follow_removed', 'follow_made'].map((name) => this.#object.load(name));
      for (const program of this.#programs) program.attach();
      this.#lister = this.#tryLoad('list_cgroups', logger)?.attachIterator();
      this.#ring = new RingBuffer(this.#object.map('events'));
      releaseLoaderMemory();
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  drain(listener: CgroupListener): void {
    this.#ring.drain((view, offset, length) => {
      if (length < CGROUP_EVENT.path) return;
      const version = view.getUint8(offset + CGROUP_EVENT.version);
      const pathBytes = view.getUint16(offset + CGROUP_EVENT.path_bytes, true);
      if (version !== CGROUP_RECORD_VERSION.CGROUP_RECORD_VERSION) return;
      if (CGROUP_EVENT.path + pathBytes > length) return;
      const id = number64(view, offset + CGROUP_EVENT.id);
      if (view.getUint8(offset + CGROUP_EVENT.type) === CGROUP_EVENT_TYPE.CGROUP_REMOVED)
        listener.removed(id);
      else listener.made(id, text(view, offset + CGROUP_EVENT.path, pathBytes));
    });
  }

  /**
   * Hands over the cgroups of all processes that this one sees, and those above them, by their paths from the root of the
   * machine: also where only a part of the tree is mounted, or none. Call it once.
   */
  async list(listener: CgroupListener): Promise<void> {
    const links = new Map<number, { readonly parentId: number; readonly name: string }>();
    await this.#lister?.run((view, length) => {
      for (let offset = 0; offset + CGROUP_LINK.size <= length; offset += CGROUP_LINK.size) {
        links.set(number64(view, offset + CGROUP_LINK.id), {
          parentId: number64(view, offset + CGROUP_LINK.parent_id),
          name: text(view, offset + CGROUP_LINK.name, CGROUP_LINK.size - CGROUP_LINK.name),
        });
      }
      return true;
    });
    const pathOf = (id: number): string | undefined => {
      const link = links.get(id);
      if (link === undefined) return undefined;
      if (link.parentId === 0) return '';
      const parent = pathOf(link.parentId);
      return parent === undefined ? undefined : `${parent}/${link.name}`;
    };
    for (const id of links.keys()) {
      const path = pathOf(id);
      if (path !== undefined) listener.made(id, path === '' ? '/' : path);
    }
  }

  lost(): number {
    return Object.values(this.losses()).reduce((sum, count) => sum + count, 0);
  }

  /** What was lost since the start, by reason; after `close` what had been until then. */
  losses(): Readonly<Record<CgroupLoss, number>> {
    if (this.#lastLosses !== undefined) return this.#lastLosses;
    const map = this.#object.map('counters');
    map.lookupInto(this.#counterKey, this.#counterBytes);
    const view = new DataView(this.#counterBytes.buffer);
    const sum = (offset: number): number => {
      let total = 0;
      for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1)
        total += number64(view, cpu * map.valueStride + offset);
      return total;
    };
    return {
      ring_buffer_full: sum(CGROUP_COUNTERS.ring_buffer_full),
      path_too_long: sum(CGROUP_COUNTERS.path_too_long),
      missed_events: this.#programs.reduce(
        (all, program) => all + Number(program.stats().recursionMisses),
        0,
      ),
    };
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#lastLosses !== undefined) return;
    this.#lastLosses = this.losses();
    this.#ring.close();
    this.#object.close();
  }

  #tryLoad(name: string, logger: Logger): BpfProgram | undefined {
    try {
      return this.#object.load(name);
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'BPF_LOAD') throw error;
      logger.warn({ error: error.message, ...error.details }, 'a kernel program was refused');
      return undefined;
    }
  }
}

/** Exact up to 2 ** 53: the lower half is a number that the kernel hands out in turn, the upper how often that began anew. */
function number64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}

/** At most `room` bytes, up to a 0. Bytes that are no UTF-8 become U+FFFD. */
function text(view: DataView, offset: number, room: number): string {
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, room);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? room : end);
}
