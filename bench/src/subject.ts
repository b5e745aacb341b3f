import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Question } from './inside.ts';

/** A process under test: Tributary, or a peer that runs the same configuration. */
export interface Subject {
  readonly name: string;
  readonly pid: number;
  /** CPU seconds of the whole process so far: every thread, user and system, ended threads included. */
  cpuSeconds(): number;
  /** Peak resident set size in bytes. */
  peakRssBytes(): number;
  /** Resident set size in bytes now. */
  rssBytes(): number;
  stop(): Promise<void>;
  /** The exit code once the process has ended by itself, else undefined. */
  exitCode(): number | null | undefined;
  /** What it wrote to standard error, the last 64 KiB. */
  log(): string;
  /** Asks the module that was loaded into it (inside.ts), if one was. */
  ask(question: Question): Promise<number>;
}

// USER_HZ, the unit of /proc/PID/stat: 100 on every Linux architecture that we run on.
const TICKS_PER_SECOND = 100;
const LOG_LIMIT = 65_536;

function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command name stands in parentheses and may hold anything; what follows is regular.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function statusBytes(pid: number, key: string): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`/proc/${pid}/status has no ${key}`);
  return Number(match[1]) * 1024;
}

/** CPU seconds (user and system) of a process and the children it has waited for. */
export function cpuSecondsOf(pid: number): number {
  const fields = statFields(pid);
  // proc(5): utime and stime are fields 14 and 15, counted from 1 with pid and comm before ours.
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The number of threads of a process. */
export function threadCountOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

async function waitForPort(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}:\n${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port} after 30 s:\n${log()}`);
}

/** Starts a process and waits until it listens on `port`. With a channel it can be asked. */
export async function startSubject(
  name: string,
  argv: readonly string[],
  port: number,
  hasChannel = false,
): Promise<Subject> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', ...(hasChannel ? ['ipc' as const] : [])],
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_LIMIT);
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await waitForPort(port, child, () => log);
  const pid = child.pid ?? 0;
  return {
    name,
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    peakRssBytes: () => statusBytes(pid, 'VmHWM'),
    rssBytes: () => statusBytes(pid, 'VmRSS'),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
    exitCode: () => (child.exitCode === null && child.signalCode === null ? undefined : child.exitCode),
    log: () => log,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const ended = (): void => reject(new Error(`${name} ended instead of answering:\n${log}`));
        child.once('exit', ended);
        child.once('message', (answer) => {
          child.off('exit', ended);
          resolve(answer as number);
        });
        child.send(question);
      }),
  };
}
