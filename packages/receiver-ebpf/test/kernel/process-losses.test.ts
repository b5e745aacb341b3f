import { execFileSync, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { BpfObject, monotonicNowNs, RingBuffer, readPrebuilt } from '@tributary/bpf';
import { captureLogger } from '@tributary/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { ProcessEvents } from '../../src/processes/process-events.ts';
import {
  decodeProcessRecord,
  emptyProcessRecord,
  PROCESS_RECORD_TYPE,
} from '../../src/processes/process-record.ts';
import { ProcessTable } from '../../src/processes/process-table.ts';
import { ProcessTracker } from '../../src/processes/process-tracker.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { begin, type Children, PROGRAM, watchingProcesses } from './watch-processes.ts';

/** What /bin/true is on this machine. */
const TRUE = realpathSync('/bin/true');

const now = (): number => Number(monotonicNowNs());

beforeEach(skipWithoutBpf);

describe('very many short programs', () => {
  it('are each told to start and to end, and nothing is lost', async () => {
    const PROGRAMS = 5000;
    await watchingProcesses(async (watch) => {
      const { facts } = await begin('spawn', [PROGRAMS]);
      await watch.until(() => watch.of(facts.pid).some(({ event }) => event === 'process.exit'));
      const events = watch.events.filter(
        (event) => event['process.parent_pid'] === facts.pid && event['process.executable.path'] === TRUE,
      );
      const processes = (name: string): Set<string> =>
        new Set(
          events
            .filter(({ event }) => event === name)
            .map((event) => `${event['process.pid']} ${event['process.creation.time']}`),
        );
      expect(processes('process.start').size).toBe(PROGRAMS);
      expect(processes('process.exit')).toEqual(processes('process.start'));
      expect(events).toHaveLength(2 * PROGRAMS);
      expect(watch.losses()).toEqual({});
    });
  }, 120_000);
});

describe('events that are lost', () => {
  it('for want of room in the ring buffer are counted: records and losses together are all', async () => {
    const PROGRAMS = 1000;
    const { logger, lines } = captureLogger();
    const events = new ProcessEvents({ argumentBytes: 0, ringBufferBytes: 128 * 1024, logger });
    try {
      await begin('spawn', [PROGRAMS]);
      const record = emptyProcessRecord();
      const counts = new Map<number, number>();
      const all = events.drain((view, offset, length) => {
        expect(decodeProcessRecord(view, offset, length, record)).toBeGreaterThan(0);
        counts.set(record.type, (counts.get(record.type) ?? 0) + 1);
      }, 1e9);
      const { ring_buffer_full: lost } = events.counters();
      expect(lost).toBeGreaterThan(0);
      // Of each program a fork, an execve() and an exit; others' processes on this machine are among them.
      expect(all + lost).toBeGreaterThanOrEqual(3 * PROGRAMS);
      expect([...counts.keys()].sort()).toEqual([
        PROCESS_RECORD_TYPE.PROCESS_FORKED,
        PROCESS_RECORD_TYPE.PROCESS_EXECUTED,
        PROCESS_RECORD_TYPE.PROCESS_EXITED,
      ]);
    } finally {
      events.close();
    }
    expect(lines).toEqual([]);
  });
});

describe('after events were lost', () => {
  it('it is looked who lives, and known for certain', async () => {
    await watchingProcesses(
      async (watch) => {
        const ending = spawn('sleep', ['60'], { stdio: 'ignore' });
        await watch.until(() => watch.of(ending.pid ?? 0).length > 0);
        const before = now();
        // While this thread waits, nobody reads.
        const script = `kill ${ending.pid}; python3 "$0" spawn 1000 >&2; sleep 60 >/dev/null 2>&1 & echo $!`;
        const begun = Number(
          execFileSync('/bin/sh', ['-c', script, PROGRAM], { stdio: ['ignore', 'pipe', 'ignore'] }),
        );
        const during = now();
        try {
          expect(watch.processes.at(begun, during)).toBeUndefined();
          expect(watch.losses()['ring_buffer_full']).toBeGreaterThan(0);
          await watch.until(() => watch.processes.at(begun, now()) !== undefined);
          expect(watch.processes.at(begun, now())?.executable?.name).toBe('sleep');
          expect(watch.processes.at(process.pid, now())?.parentPid).toBe(process.ppid);
          expect(watch.processes.at(ending.pid ?? 0, before)?.executable?.name).toBe('sleep');
          expect(watch.processes.at(ending.pid ?? 0, now())).toBeUndefined();
        } finally {
          process.kill(begun);
        }
      },
      { ring_buffer_bytes: 128 * 1024 },
    );
  }, 60_000);
});

describe('on a kernel that does not say which thread is the last', () => {
  it('the end of a process is taken once, however many threads say so', async () => {
    const object = new BpfObject(readPrebuilt('processes'), { name: 'processes' });
    try {
      object.load('follow_exit_before_6_16').attach();
      const { facts } = await begin<Children>('many_threads');
      const tracker = new ProcessTracker(new ProcessTable(), new CgroupNames({ version: 'none' }));
      const record = emptyProcessRecord();
      const ends: (readonly [number, number])[] = [];
      new RingBuffer(object.map('process_events')).drain((view, offset, length) => {
        decodeProcessRecord(view, offset, length, record);
        if (tracker.take(record) !== undefined) ends.push([record.pid, record.detail]);
      });
      const pids = facts.children.map(([pid]) => pid);
      expect(ends.filter(([pid]) => pids.includes(pid))).toEqual(facts.children);
    } finally {
      object.close();
    }
  });
});
