/**
 * Which process has a socket: by its inode number, from the open files of all processes that we may look at
 * (/proc/PID/fd, whose links say `socket:[123]`).
 */
import { type Dir, opendirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startTicks } from '../../cgroups/process-cgroups.ts';

/** Of all time that passes, the share that may go into looking. */
const MAX_SHARE = 0.05;

/** After so long it lets others run, in milliseconds. */
const SLICE_MS = 3;

/** As many bytes of a program's name as the kernel programs give. */
const EXECUTABLE_BYTES = 31;

/** A process, as far as a record names it. */
export interface Owner {
  readonly pid: number;
  /** When it began: `startTicks`. */
  readonly started: number;
  /** The base name of the program that it runs; empty: not known. */
  readonly executable: string;
  /** Others have the socket as well: this is the first of them. */
  readonly isShared: boolean;
}

/** See the head of this file. */
export class SocketOwners {
  readonly #procPath: string;
  readonly #nowMs: () => number;
  #nextLookMs = Number.NEGATIVE_INFINITY;
  #sliceEndMs = 0;

  constructor(procPath = '/proc', nowMs: () => number = () => performance.now()) {
    this.#procPath = procPath;
    this.#nowMs = nowMs;
  }

  /**
   * Who has the sockets of these inode numbers, as far as that can be seen. Undefined if it looked too lately: ask again
   * later.
   */
  async find(wanted: ReadonlySet<number>): Promise<Map<number, Owner> | undefined> {
    const beginMs = this.#nowMs();
    if (beginMs < this.#nextLookMs) return undefined;
    const owners = new Map<number, Owner>();
    this.#sliceEndMs = beginMs + SLICE_MS;
    let workedMs = 0;
    for (const pid of this.#pids()) {
      let process: Pick<Owner, 'executable' | 'started'> | undefined;
      for (const inode of this.#socketsOf(pid)) {
        if (wanted.has(inode)) {
          process ??= { executable: this.#executableOf(pid), started: this.#startOf(pid) };
          const first = owners.get(inode);
          if (first === undefined) owners.set(inode, { pid, ...process, isShared: false });
          else if (first.pid !== pid) owners.set(inode, { ...first, isShared: true });
        }
        if (this.#nowMs() < this.#sliceEndMs) continue;
        workedMs += SLICE_MS;
        await nextTurn();
        this.#sliceEndMs = this.#nowMs() + SLICE_MS;
      }
    }
    this.#nextLookMs = this.#nowMs() + (workedMs + SLICE_MS) * (1 / MAX_SHARE - 1);
    return owners;
  }

  /** In ascending order, so that of a process and its children it is the first that has the socket. */
  #pids(): number[] {
    return readdirSync(this.#procPath)
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  *#socketsOf(pid: number): Iterable<number> {
    const directory = `${this.#procPath}/${pid}/fd`;
    const files = openDirectory(directory);
    if (files === undefined) return;
    try {
      for (let file = readNext(files); file !== undefined; file = readNext(files)) {
        const inode = socketInode(`${directory}/${file}`);
        // 0 for other files: whoever asks for that gets nothing, but it is a point to pause at.
        yield inode;
      }
    } finally {
      files.closeSync();
    }
  }

  #startOf(pid: number): number {
    try {
      return startTicks(readFileSync(`${this.#procPath}/${pid}/stat`, 'utf8'));
    } catch {
      return 0;
    }
  }

  #executableOf(pid: number): string {
    try {
      const name = path.basename(readlinkSync(`${this.#procPath}/${pid}/exe`)).replace(/ \(deleted\)$/, '');
      return new TextDecoder().decode(new TextEncoder().encode(name).subarray(0, EXECUTABLE_BYTES));
    } catch {
      return '';
    }
  }
}

/** Undefined where the process has ended or is not ours to look at. */
function openDirectory(directory: string): Dir | undefined {
  try {
    return opendirSync(directory, { bufferSize: 256 });
  } catch {
    return undefined;
  }
}

function readNext(files: Dir): string | undefined {
  try {
    return files.readSync()?.name;
  } catch {
    return undefined;
  }
}

function socketInode(file: string): number {
  try {
    return Number(/^socket:\[([0-9]+)\]$/.exec(readlinkSync(file))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
