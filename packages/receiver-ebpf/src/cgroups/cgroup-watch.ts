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
  type ProgramCounter,
  ProgramCounters,
  RingBuffer,
  readPrebuilt,
  releaseLoaderMemory,
  uint64At,
} from '@tributary/bpf';
import type { Logger } from '@tributary/core';
import {
  CGROUP_COUNTERS,
  CGROUP_EVENT,
  CGROUP_EVENT_TYPE,
  CGROUP_LINK,
  CGROUP_RECORD_VERSION,
} from '../generated/cgroups-layout.ts';

/** Ways of losing an event. */
export type CgroupLoss = ProgramCounter<typeof CGROUP_COUNTERS>;

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
  readonly #lister: BpfIterator | undefined;
  readonly #counters: ProgramCounters<typeof CGROUP_COUNTERS>;

  /** Loads and attaches; throws a `PipelineError` where the kernel does not tell of cgroups that are made. */
  constructor(logger: Logger) {
    this.#object = new BpfObject(readPrebuilt('cgroups'), { name: 'cgroups' });
    try {
      const programs = ['follow_removed', 'follow_made'].map((name) => this.#object.load(name));
      for (const program of programs) program.attach();
      this.#counters = new ProgramCounters(this.#object.map('counters'), CGROUP_COUNTERS, programs);
      this.#lister = this.#object.loadOptional('list_cgroups', logger)?.attachIterator();
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
      const id = uint64At(view, offset + CGROUP_EVENT.id);
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
        links.set(uint64At(view, offset + CGROUP_LINK.id), {
          parentId: uint64At(view, offset + CGROUP_LINK.parent_id),
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
    return this.#counters.read();
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    this.#counters.close();
    this.#ring.close();
    this.#object.close();
  }
}

/** At most `room` bytes, up to a 0. Bytes that are no UTF-8 become U+FFFD. */
function text(view: DataView, offset: number, room: number): string {
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, room);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? room : end);
}
