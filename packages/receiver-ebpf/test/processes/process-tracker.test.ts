import { expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import {
  emptyProcessRecord,
  PROCESS_RECORD_TYPE,
  type ProcessRecord,
} from '../../src/processes/process-record.ts';
import { ProcessTable } from '../../src/processes/process-table.ts';
import { ProcessTracker } from '../../src/processes/process-tracker.ts';

/** A record of a process that runs `program`. */
function record(
  type: keyof typeof PROCESS_RECORD_TYPE,
  { program = '', ...fields }: Partial<ProcessRecord> & { program?: string },
): ProcessRecord {
  const bytes = Buffer.from(program === '' ? '' : `${program}\0`);
  const view = new DataView(new Uint8Array(bytes).buffer);
  return {
    ...emptyProcessRecord(),
    type: PROCESS_RECORD_TYPE[type],
    ...fields,
    view,
    pathBytes: bytes.length,
  };
}

/** `paths` has the cgroups of processes by their pids, as /proc of a machine with version 1 has them. */
function tracking(paths: Readonly<Record<number, string>> = {}) {
  const table = new ProcessTable();
  const cgroups = new CgroupNames({ version: 'none' });
  const tracker = new ProcessTracker(table, {
    ofProcess: (_, pid) => {
      const path = paths[pid];
      return path === undefined ? undefined : cgroups.named(path);
    },
  });
  const programOf = (pid: number) => table.latest(pid)?.facts.executable?.name;
  return { table, tracker, programOf };
}

it('a child runs the program of the process that made it', () => {
  const { tracker, programOf } = tracking();
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 100, program: 'sh' }));
  tracker.take(record('PROCESS_FORKED', { pid: 11, startedNs: 300, timeNs: 300, detail: 10 }));
  expect(programOf(11)).toBe('sh');
});

it('a child whose maker is not known runs no program of an earlier owner of that pid', () => {
  const { tracker, programOf } = tracking();
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 100, program: 'sh' }));
  tracker.take(record('PROCESS_EXITED', { pid: 10, startedNs: 100, timeNs: 200 }));
  // The event of another process with the pid 10 was lost.
  tracker.take(record('PROCESS_FORKED', { pid: 11, startedNs: 300, timeNs: 300, detail: 10 }));
  expect(programOf(11)).toBeUndefined();
});

it('a process that was moved unseen in version 1 is in the cgroup where it is found', () => {
  const paths: Record<number, string> = { 10: '/before' };
  const { tracker, table } = tracking(paths);
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 100, timeNs: 150, program: 'sh' }));
  paths[10] = '/after';
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 100, timeNs: 250, program: 'sh' }));
  // It ends in this moment, and /proc does not know it any more.
  paths[10] = '/';
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 100, timeNs: 350, program: 'sh' }));
  table.advance(1000);
  expect([200, 300, 400].map((time) => table.at(10, time)?.cgroup?.path)).toEqual([
    '/before',
    '/after',
    '/after',
  ]);
});

it('a process that lived through the sleep of the machine is the same, and one that begins later has its own time', () => {
  const { tracker, table } = tracking();
  // CLOCK_MONOTONIC, by which a process is known, stands still meanwhile; CLOCK_BOOTTIME and Unix time go on together.
  const sleepNs = 8 * 3600 * 1e9;
  tracker.setClock(1_795_334_400_000_000_000n);
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 1e9, startedBootNs: 1e9, timeNs: 2e9 }));
  tracker.take(record('PROCESS_FOUND', { pid: 10, startedNs: 1e9, startedBootNs: 1e9, timeNs: 4e9 }));
  tracker.take(
    record('PROCESS_FORKED', {
      pid: 11,
      startedNs: 5e9,
      startedBootNs: 5e9 + sleepNs,
      timeNs: 5e9,
      detail: 10,
    }),
  );
  table.advance(6e9);
  expect([10, 11].map((pid) => table.at(pid, 6e9)?.createdUnixMs)).toEqual([
    1_795_334_401_000,
    1_795_334_405_000 + 8 * 3600 * 1000,
  ]);
});
