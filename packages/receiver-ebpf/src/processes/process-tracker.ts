import type { CgroupName, CgroupNames } from '../cgroups/cgroup-names.ts';
import { Executables } from './executables.ts';
import { PROCESS_RECORD_TYPE, type ProcessRecord } from './process-record.ts';
import type { ProcessFacts, ProcessTable } from './process-table.ts';

/** Keeps the table of processes by what the kernel says of them. */
export class ProcessTracker {
  readonly #table: ProcessTable;
  readonly #cgroups: Pick<CgroupNames, 'ofProcess'>;
  readonly #executables = new Executables();
  #boottimeToUnixMs = 0;

  constructor(table: ProcessTable, cgroups: Pick<CgroupNames, 'ofProcess'>) {
    this.#table = table;
    this.#cgroups = cgroups;
  }

  /** Sets what turns the times at which processes began into Unix time. */
  setClock(boottimeToUnixNs: bigint): void {
    this.#boottimeToUnixMs = Number(boottimeToUnixNs) / 1e6;
  }

  /**
   * Takes a record. Returns what is to be said of the process in its event; undefined for what is no event, and for an
   * exit that was reported before.
   */
  take(record: ProcessRecord): ProcessFacts | undefined {
    switch (record.type) {
      case PROCESS_RECORD_TYPE.PROCESS_FORKED:
        this.#fork(record);
        return undefined;
      case PROCESS_RECORD_TYPE.PROCESS_EXECUTED:
        return this.#execute(record);
      case PROCESS_RECORD_TYPE.PROCESS_EXITED:
        return this.#exit(record);
      case PROCESS_RECORD_TYPE.PROCESS_OOM_KILLED:
        return this.#known(record)?.facts ?? this.#describe(record, record.startedNs);
      case PROCESS_RECORD_TYPE.PROCESS_MOVED:
        this.#move(record);
        return undefined;
      default:
        this.#find(record);
        return undefined;
    }
  }

  #fork(record: ProcessRecord): void {
    if (this.#known(record) !== undefined) return;
    const latest = this.#table.latest(record.detail);
    // Who makes a process lives: one that has ended had the pid before, and the events of its present owner were lost.
    const creator = latest?.hasEnded === false ? latest.facts : undefined;
    const facts = this.#describe(record, record.startedNs, this.#inherit(record, creator));
    this.#table.begin({ ...facts, executable: creator?.executable });
  }

  #execute(record: ProcessRecord): ProcessFacts {
    const cgroup = this.#inherit(record, this.#known(record)?.facts);
    const facts = this.#describe(record, record.timeNs, cgroup);
    this.#table.begin(facts);
    return facts;
  }

  #exit(record: ProcessRecord): ProcessFacts | undefined {
    const known = this.#known(record);
    if (known?.hasEnded === true) return undefined;
    if (known === undefined) {
      const facts = this.#describe(record, record.startedNs);
      this.#table.begin(facts);
      if (this.#known(record) !== undefined) this.#table.end(record.pid, record.timeNs);
      return facts;
    }
    this.#table.end(record.pid, record.timeNs);
    const { facts } = known;
    if (facts.executable !== undefined && facts.cgroup !== undefined) return facts;
    const { executable, cgroup } = this.#describe(record, facts.sinceNs);
    return { ...facts, executable: facts.executable ?? executable, cgroup: facts.cgroup ?? cgroup };
  }

  #move(record: ProcessRecord): void {
    const known = this.#known(record);
    if (known === undefined || known.hasEnded) return;
    const { cgroupId } = record;
    const cgroup = this.#cgroupOf(record);
    if (known.facts.cgroupId === cgroupId && known.facts.cgroup === cgroup) return;
    this.#table.begin({ ...known.facts, cgroupId, cgroup, sinceNs: record.timeNs });
  }

  /** Of a process that is there already only what has changed unseen is of interest. */
  #find(record: ProcessRecord): void {
    const known = this.#known(record);
    if (known === undefined) {
      this.#table.begin(this.#describe(record, record.startedNs));
    } else if (!known.hasEnded) {
      const facts = this.#describe(record, record.timeNs);
      const { executable, cgroupId, cgroup } = known.facts;
      const wasMoved = cgroupId !== facts.cgroupId || isElsewhere(facts.cgroup, cgroup);
      if (wasMoved || executable?.path !== facts.executable?.path) this.#table.begin(facts);
    }
    this.#table.seen(record.pid, record.startedNs);
  }

  /** What the table has of the very process of a record. */
  #known(record: ProcessRecord): ReturnType<ProcessTable['latest']> {
    const latest = this.#table.latest(record.pid);
    return latest?.facts.startedNs === record.startedNs ? latest : undefined;
  }

  #describe(record: ProcessRecord, sinceNs: number, cgroup = this.#cgroupOf(record)): ProcessFacts {
    const { pid, startedNs, parentPid, innerPid, userId, cgroupId } = record;
    // The clocks' difference is never read twice the same, and this is part of what tells a process from others.
    const createdUnixMs =
      this.#known(record)?.facts.createdUnixMs ?? record.startedBootNs / 1e6 + this.#boottimeToUnixMs;
    const executable = this.#executables.of(record);
    return {
      pid,
      startedNs,
      createdUnixMs,
      parentPid,
      innerPid,
      userId,
      executable,
      cgroupId,
      cgroup,
      sinceNs,
    };
  }

  /**
   * The cgroup of a process that has not been moved since `from`: of its former self, or of who made it. What is known
   * need not be looked for, and may be of a process that has ended.
   */
  #inherit(record: ProcessRecord, from: ProcessFacts | undefined): CgroupName | undefined {
    return from?.cgroup !== undefined && from.cgroupId === record.cgroupId
      ? from.cgroup
      : this.#cgroupOf(record);
  }

  #cgroupOf({ cgroupId, pid, startedBootNs }: ProcessRecord): CgroupName | undefined {
    return this.#cgroups.ofProcess(cgroupId, pid, startedBootNs);
  }
}

/** In version 1 only /proc tells. It has nothing of a process that has just ended, for which the root then stands. */
function isElsewhere(now: CgroupName | undefined, before: CgroupName | undefined): boolean {
  return now !== undefined && now.path !== '/' && now.path !== before?.path;
}
