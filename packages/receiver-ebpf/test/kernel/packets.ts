import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = path.join(import.meta.dirname, '../../testdata/packets.py');

/** A step of testdata/packets.py, which says what there is. */
export type PacketStep = { readonly do: string } & Readonly<Record<string, unknown>>;

/** Sends packets, by a process that `prefix` runs, and waits until they are sent. */
export function sendPackets(prefix: readonly string[], step: Readonly<Record<string, unknown>>): void {
  const [command = '', ...args] = [...prefix, 'python3', PROGRAM, JSON.stringify({ do: 'send', ...step })];
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A process of testdata/packets.py that keeps its sockets until it is ended. */
export interface Holder {
  readonly port: number;
  readonly ports: readonly number[];
  readonly pid: number;
}

/** Runs `work` with a process that holds sockets, which is gone afterwards. */
export async function withHolder(
  prefix: readonly string[],
  step: PacketStep,
  work: (holder: Holder) => Promise<void>,
): Promise<void> {
  const [command = '', ...args] = [...prefix, 'python3', PROGRAM, JSON.stringify(step)];
  const child: ChildProcessWithoutNullStreams = spawn(command, args);
  const lines = createInterface(child.stdout);
  try {
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(async () => {
        throw new Error(`packets.py ended: ${String(child.stderr.read())}`);
      }),
    ]);
    await work({ port: 0, ports: [], ...JSON.parse(line), pid: child.pid });
  } finally {
    lines.close();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

/** What a program that `prefix` runs prints. */
export function output(prefix: readonly string[], ...command: readonly string[]): string {
  const [file = '', ...args] = [...prefix, ...command];
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A counter of the kernel's own: of /proc/net/snmp or /proc/net/netstat, such as `Udp`, `NoPorts`. */
export function kernelCounter(prefix: readonly string[], group: string, name: string): number {
  const lines = output(prefix, 'cat', '/proc/net/snmp', '/proc/net/netstat').split('\n');
  const [names = [], values = []] = lines
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}

/** The inode number of the network namespace in which `prefix` runs programs. */
export function namespaceInode(prefix: readonly string[]): number {
  return Number(output(prefix, 'stat', '-L', '-c', '%i', '/proc/self/ns/net'));
}
