/**
 * Which process had a pid at a time, and what is known of it: its program, its cgroup and container. Pids are used
 * again, programs replaced and cgroups left, so each set of facts has an interval in which it holds:
 *
 *     pid 4711    fork        execve()               exit      fork                      time
 *     ────────────┬───────────┬──────────────────────┬─────────┬───────────────────────────▶
 *                 │ sh        │ python               ┆ python  │ nginx
 *                                                      (what it left, such as a socket that still closes)
 *
 * All times are of CLOCK_MONOTONIC, in nanoseconds. Where it cannot be sure, because events were lost or have not come
 * yet, it knows nothing: no process is better than a wrong one. The processes block fills it.
 */
import type { CgroupName } from '../cgroups/cgroup-names.ts';
import type { Executable } from './executables.ts';

/** Facts that have ended are kept this long. */
const GRACE_NS = 5 * 60 * 1e9;
/** Facts that have ended and are kept, at most: the oldest go first. Some 4 MB. */
const MAX_ENDED = 16_384;
/** Processes that live and are known, at most. */
const MAX_LIVING = 65_536;

/** What is known of a process in an interval. */
export interface ProcessFacts {
  /** In the first pid namespace, as `parentPid`. */
  readonly pid: number;
  /** When the process began; with the pid it tells a process from all others. */
  readonly startedNs: number;
  /** The same in Unix time, in milliseconds. */
  readonly createdUnixMs: number;
  /** Who its parent was when these facts began. */
  readonly parentPid: number;
  /** In the process's own pid namespace; 0: that is the first. */
  readonly innerPid: number;
  readonly userId: number;
  readonly executable: Executable | undefined;
  /** Inode number in cgroup v2; 0: not known. */
  readonly cgroupId: number;
  readonly cgroup: CgroupName | undefined;
  /** When these facts began. */
  readonly sinceNs: number;
}

/** One set of facts in the table. When it is forgotten it is used again: see `begin`. */
interface Entry {
  readonly facts: { -readonly [Field in keyof ProcessFacts]: ProcessFacts[Field] };
  /** When they ended; infinite while they hold. */
  untilNs: number;
  /** When the pid became that of a process that there was no room for; infinite if it did not. */
  refusedNs: number;
  /** Of the same pid, the entry before and after this one. */
  earlier: Entry | undefined;
  later: Entry | undefined;
  /** The search for living processes that saw it last. */
  seenBy: number;
}

/** What the table is made with; the defaults are for the receiver. */
export interface ProcessTableOptions {
  readonly maxEnded?: number;
  readonly maxLiving?: number;
}

/** See the head of this file. */
export class ProcessTable {
  readonly #newest = new Map<number, Entry>();
  /** The ended ones in the order in which they ended: a circular list. */
  readonly #ended: (Entry | undefined)[];
  /** Entries that hold nothing: see `begin`. */
  readonly #free: Entry[] = [];
  #isPrepared = false;
  readonly #maxLiving: number;
  #endedBegin = 0;
  #endedCount = 0;
  #living = 0;
  #search = 0;
  #currentToNs = Number.NEGATIVE_INFINITY;
  #lostFromNs = Number.POSITIVE_INFINITY;
  #lostToNs = Number.NEGATIVE_INFINITY;
  #refresh: () => void = () => {};
  #refused = 0;

  constructor({ maxEnded = MAX_ENDED, maxLiving = MAX_LIVING }: ProcessTableOptions = {}) {
    this.#ended = new Array<Entry | undefined>(maxEnded).fill(undefined);
    this.#maxLiving = maxLiving;
  }

  /** How many sets of facts are kept. */
  get size(): number {
    return this.#living + this.#endedCount;
  }

  /** How many processes were not taken for want of room. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * What is known of the process that had `pid` at `timeNs`, or, if nobody had it then, of the last one that had it
   * before: what it left, such as a socket that still closes, is its own until the pid is another's. Undefined if that is
   * not known for certain.
   */
  at(pid: number, timeNs: number): ProcessFacts | undefined {
    if (timeNs > this.#currentToNs) this.#refresh();
    if (timeNs > this.#currentToNs) return undefined;
    let entry = this.#newest.get(pid);
    while (entry !== undefined && entry.facts.sinceNs > timeNs) entry = entry.earlier;
    if (entry === undefined) return undefined;
    if (timeNs >= entry.refusedNs) return undefined;
    const hasEnded = timeNs >= entry.untilNs;
    if (hasEnded && timeNs - entry.untilNs > GRACE_NS) return undefined;
    // Of a process that still lives, and of one that had ended before, the lost events may have told the end and whose
    // the pid was then. One whose end came later had its pid all the time.
    const isDoubtful = entry.untilNs === Number.POSITIVE_INFINITY || hasEnded;
    if (isDoubtful && timeNs >= this.#lostFromNs && this.#lastCertainNs(entry) < this.#lostToNs)
      return undefined;
    return { ...entry.facts };
  }

  /**
   * The facts of `pid` that hold or ended last, and whether they have ended, as far as events have been taken. They are the
   * table's own, of use until the next `begin`.
   */
  latest(pid: number): { readonly facts: ProcessFacts; readonly hasEnded: boolean } | undefined {
    const entry = this.#newest.get(pid);
    return entry === undefined
      ? undefined
      : { facts: entry.facts, hasEnded: entry.untilNs !== Number.POSITIVE_INFINITY };
  }

  /**
   * Puts in a copy of what holds from now on; what held before ends with it. Facts of a process older than the known are left.
   * Where hundreds of processes a second come and go, an entry a process would be garbage that has grown old, which only a
   * collection of the whole heap finds. So entries for all that may have ended are made with the first, and those that are
   * forgotten are used again: the memory of the process does not grow with what it has seen.
   */
  begin(facts: ProcessFacts): void {
    const before = this.#newest.get(facts.pid);
    if (before !== undefined) {
      const { startedNs, sinceNs } = before.facts;
      if (startedNs > facts.startedNs) return;
      if (startedNs === facts.startedNs && before.untilNs !== Number.POSITIVE_INFINITY) return;
      if (before.untilNs === Number.POSITIVE_INFINITY) this.#end(before, Math.max(facts.sinceNs, sinceNs));
    }
    if (this.#living >= this.#maxLiving) {
      this.#refused += 1;
      if (before !== undefined) before.refusedNs = facts.sinceNs;
      return;
    }
    // Making room for the one that has just ended may have dropped it already.
    const earlier = this.#newest.get(facts.pid);
    if (!this.#isPrepared) this.#prepare(facts);
    const entry = this.#free.pop() ?? emptyEntry(facts);
    copyFacts(facts, entry.facts);
    entry.untilNs = Number.POSITIVE_INFINITY;
    entry.refusedNs = Number.POSITIVE_INFINITY;
    entry.earlier = earlier;
    entry.later = undefined;
    entry.seenBy = this.#search;
    if (earlier !== undefined) earlier.later = entry;
    this.#newest.set(facts.pid, entry);
    this.#living += 1;
  }

  #prepare(facts: ProcessFacts): void {
    this.#isPrepared = true;
    while (this.#free.length < this.#ended.length) this.#free.push(emptyEntry(facts));
  }

  /** Ends what is known of the process that has `pid`. */
  end(pid: number, untilNs: number): void {
    const entry = this.#newest.get(pid);
    if (entry?.untilNs === Number.POSITIVE_INFINITY) this.#end(entry, untilNs);
  }

  /** Says that every event until `timeNs` has been taken, and forgets what ended too long ago. */
  advance(timeNs: number): void {
    this.#currentToNs = timeNs;
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      if (timeNs - oldest.untilNs <= GRACE_NS) return;
      this.#forgetOldest(oldest);
    }
  }

  /** Sets what is called when a later time is asked for than `advance` has said: it should take what there is. */
  onBehind(refresh: () => void): void {
    this.#refresh = refresh;
  }

  /** Says that events may have been lost since `fromNs`; until `endSearch` nothing living is certain any more. */
  doubt(fromNs: number): void {
    const isFirst = this.#lostToNs < fromNs - GRACE_NS;
    this.#lostFromNs = isFirst ? fromNs : Math.min(this.#lostFromNs, fromNs);
    this.#lostToNs = Number.POSITIVE_INFINITY;
  }

  /** Begins a search for all living processes: each is to be given to `seen`, or begins meanwhile. */
  beginSearch(): void {
    this.#search += 1;
  }

  /** Says that the process of `pid` which began at `startedNs` lives. */
  seen(pid: number, startedNs: number): void {
    const entry = this.#newest.get(pid);
    if (entry?.facts.startedNs === startedNs) entry.seenBy = this.#search;
  }

  /** Ends a search at `timeNs`: processes that it did not see are over. `isCertain` unless events were lost again. */
  endSearch(timeNs: number, isCertain: boolean): void {
    for (const entry of this.#newest.values()) {
      if (entry.untilNs === Number.POSITIVE_INFINITY && entry.seenBy !== this.#search) {
        this.#end(entry, Math.max(entry.facts.sinceNs, Math.min(this.#lostFromNs, timeNs)));
      }
    }
    if (isCertain && this.#lostToNs === Number.POSITIVE_INFINITY) this.#lostToNs = timeNs;
  }

  /** Until when it is certain that the pid was of this process or of nobody. */
  #lastCertainNs(entry: Entry): number {
    const hasEnded = entry.untilNs !== Number.POSITIVE_INFINITY;
    if (hasEnded) return entry.untilNs;
    return this.#lostToNs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  #end(entry: Entry, untilNs: number): void {
    entry.untilNs = untilNs;
    this.#living -= 1;
    const max = this.#ended.length;
    const oldest = this.#oldest();
    if (this.#endedCount === max && oldest !== undefined) this.#forgetOldest(oldest);
    this.#ended[(this.#endedBegin + this.#endedCount) % max] = entry;
    this.#endedCount += 1;
  }

  #oldest(): Entry | undefined {
    return this.#ended[this.#endedBegin];
  }

  /** It is the earliest of its pid: those before it ended before it. */
  #forgetOldest(entry: Entry): void {
    this.#ended[this.#endedBegin] = undefined;
    this.#endedBegin = (this.#endedBegin + 1) % this.#ended.length;
    this.#endedCount -= 1;
    if (entry.later === undefined) this.#newest.delete(entry.facts.pid);
    else entry.later.earlier = undefined;
    this.#free.push(entry);
  }
}

function emptyEntry(facts: ProcessFacts): Entry {
  return {
    facts: { ...facts },
    untilNs: Number.POSITIVE_INFINITY,
    refusedNs: Number.POSITIVE_INFINITY,
    earlier: undefined,
    later: undefined,
    seenBy: 0,
  };
}

/** Field by field: numbers are written in place. */
function copyFacts(from: ProcessFacts, into: Entry['facts']): void {
  into.pid = from.pid;
  into.startedNs = from.startedNs;
  into.createdUnixMs = from.createdUnixMs;
  into.parentPid = from.parentPid;
  into.innerPid = from.innerPid;
  into.userId = from.userId;
  into.executable = from.executable;
  into.cgroupId = from.cgroupId;
  into.cgroup = from.cgroup;
  into.sinceNs = from.sinceNs;
}
