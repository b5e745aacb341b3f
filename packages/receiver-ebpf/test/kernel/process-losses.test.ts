import { realpathSync } from 'node:fs';
import { captureLogger } from '@tributary/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProcessEvents } from '../../src/processes/process-events.ts';
import {
  decodeProcessRecord,
  emptyProcessRecord,
  PROCESS_RECORD_TYPE,
} from '../../src/processes/process-record.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { begin, watchingProcesses } from './watch-processes.ts';

/** What /bin/true is on this machine. */
const TRUE = realpathSync('/bin/true');

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
