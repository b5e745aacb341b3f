import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { signalName } from '../../src/processes/exit-status.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { begin, type Children, type ProcessEvent, watchingProcesses } from './watch-processes.ts';

/** What /bin/sh is on this machine. */
const SHELL = path.basename(realpathSync('/bin/sh'));

beforeEach(skipWithoutBpf);

/** How each process ended, by its pid: one entry an event, so that nothing is told twice. */
function ends(events: readonly ProcessEvent[]): unknown[] {
  return events
    .filter(({ event }) => event === 'process.exit')
    .map((event) => [
      event['process.pid'],
      event['process.exit.reason'],
      event['process.exit.code'] ?? event['process.exit.signal'],
      event['process.exit.core_dumped'],
    ]);
}

/** The same, as wait() had it. */
function waited({ children }: Children): unknown[] {
  return children.map(([pid, status]) => {
    const signal = status & 0x7f;
    const core = (status & 0x80) !== 0 ? true : undefined;
    return signal === 0 ? [pid, 'exited', status >> 8, core] : [pid, 'signaled', signalName(signal), core];
  });
}

async function expectAsWaited(name: string, args: readonly string[] = []): Promise<Children> {
  let facts: Children = { children: [] };
  await watchingProcesses(async (watch) => {
    ({ facts } = await begin<Children>(name, args));
    const events = await watch.untilExited(...facts.children.map(([pid]) => pid));
    expect(ends(events)).toEqual(waited(facts));
    expect(watch.losses()).toEqual({});
  });
  return facts;
}

describe('the end of a process', () => {
  it('has each of the 256 exit codes', async () => {
    const { children } = await expectAsWaited('exit_codes');
    expect(children.map(([, status]) => status >> 8)).toEqual([...Array(256).keys()]);
  });

  it('has the signal that killed it, real-time signals too', async () => {
    const { children } = await expectAsWaited('signals');
    expect(children.map(([, status]) => signalName(status & 0x7f))).toEqual([
      'SIGKILL',
      'SIGTERM',
      'SIGSEGV',
      'SIGRTMIN',
      'SIGRTMIN+6',
    ]);
  });

  it('says whether its memory was written down', async ({ skip }) => {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    skip(pattern.startsWith('|') || pattern.trim() === '', 'needs core dumps to files');
    const directory = mkdtempSync(path.join(os.tmpdir(), 'tributary-core-'));
    try {
      const { children } = await expectAsWaited('core_dump', [directory]);
      expect(children.map(([, status]) => status)).toEqual([11 | 0x80]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the end of a process with threads', () => {
  it('is that of the last thread, with the code of the process, when the first one ends early', async () => {
    const { children } = await expectAsWaited('outlived_leader');
    expect(children.map(([, status]) => status >> 8)).toEqual([7]);
  });

  it('is told once when every thread ends by itself', async () => {
    await expectAsWaited('thread_last');
  });

  it('is told once when all end at the same time', async () => {
    const { children } = await expectAsWaited('many_threads');
    expect(children).toHaveLength(10);
  });

  it('does not come when a thread executes a program: the process goes on as that', async () => {
    await watchingProcesses(async (watch) => {
      const { facts } = await begin<Children>('exec_from_thread');
      const [[pid, status] = [0, 0]] = facts.children;
      const events = await watch.untilExited(pid);
      expect(status >> 8).toBe(4);
      expect(events.map(({ event, ...rest }) => [event, rest['process.executable.name']])).toEqual([
        ['process.start', SHELL],
        ['process.exit', SHELL],
      ]);
      expect(events[0]?.['process.creation.time']).toBe(events[1]?.['process.creation.time']);
    });
  });
});
