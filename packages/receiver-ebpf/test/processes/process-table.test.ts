import { describe, expect, it } from 'vitest';
import {
  type ProcessFacts,
  ProcessTable,
  type ProcessTableOptions,
} from '../../src/processes/process-table.ts';

const MINUTE = 60e9;

/** Facts of the process that has `pid` from `startedNs`; `userId` tells one set of facts from another. */
function facts(pid: number, startedNs: number, userId = 0, sinceNs = startedNs): ProcessFacts {
  return {
    pid,
    startedNs,
    createdUnixMs: startedNs / 1e6,
    parentPid: 1,
    innerPid: 0,
    userId,
    executable: undefined,
    cgroupId: 0,
    cgroup: undefined,
    sinceNs,
  };
}

function newTable(options?: ProcessTableOptions): ProcessTable {
  const table = new ProcessTable(options);
  table.advance(1e6);
  return table;
}

/** Whose the pid is at each of these times: when that process began, and the facts' number; undefined if not known. */
function at(table: ProcessTable, pid: number, times: readonly number[]): unknown[] {
  return times.map((time) => {
    const found = table.at(pid, time);
    return found === undefined ? undefined : [found.startedNs, found.userId];
  });
}

describe('the table of processes', () => {
  it('is empty at first, and knows nothing', () => {
    expect([newTable().at(1, 5), newTable().latest(1), newTable().size]).toEqual([undefined, undefined, 0]);
  });

  it('has the facts of each time: before a program was executed others than afterwards', () => {
    const table = newTable();
    table.begin(facts(7, 100, 1));
    table.begin(facts(7, 100, 2, 150));
    table.end(7, 200);
    expect(at(table, 7, [99, 100, 149, 150, 199])).toEqual([
      undefined,
      [100, 1],
      [100, 1],
      [100, 2],
      [100, 2],
    ]);
  });

  it('gives a pid to its last process until another has it, and never one’s to the other', () => {
    const table = newTable();
    table.begin(facts(7, 100));
    table.end(7, 200);
    table.begin(facts(7, 300));
    expect(at(table, 7, [199, 200, 299, 300, 400])).toEqual([
      [100, 0],
      [100, 0],
      [100, 0],
      [300, 0],
      [300, 0],
    ]);
  });

  it('ends a process whose end it missed when another has its pid', () => {
    const table = newTable();
    table.begin(facts(7, 100));
    table.begin(facts(7, 300));
    expect(at(table, 7, [299, 300])).toEqual([
      [100, 0],
      [300, 0],
    ]);
    expect(table.size).toBe(2);
  });

  it('takes nothing that is older than what it knows', () => {
    const table = newTable();
    table.begin(facts(7, 300));
    table.begin(facts(7, 100));
    expect(at(table, 7, [100, 300])).toEqual([undefined, [300, 0]]);
    table.end(7, 400);
    table.begin(facts(7, 300, 1, 350));
    expect(table.latest(7)).toMatchObject({ facts: { userId: 0 }, hasEnded: true });
  });

  it('asks for more events before it answers for a time that it has not reached, and does not guess', () => {
    const table = newTable();
    table.begin(facts(7, 100));
    const asked: string[] = [];
    table.onBehind(() => {
      asked.push('more');
    });
    expect([table.at(7, 2e6), asked]).toEqual([undefined, ['more']]);
    table.onBehind(() => {
      table.end(7, 1.5e6);
      table.begin(facts(7, 1.8e6));
      table.advance(2e6);
    });
    expect(table.at(7, 2e6)?.startedNs).toBe(1.8e6);
  });

  it('keeps what has ended for five minutes', () => {
    const table = newTable();
    table.begin(facts(7, 100));
    table.end(7, 200);
    table.begin(facts(8, 100));
    table.advance(200 + 5 * MINUTE);
    expect(at(table, 7, [150, 200 + 5 * MINUTE])).toEqual([
      [100, 0],
      [100, 0],
    ]);
    table.advance(201 + 5 * MINUTE);
    expect(at(table, 7, [150, 201 + 5 * MINUTE])).toEqual([undefined, undefined]);
    expect([at(table, 8, [201 + 5 * MINUTE]), table.size]).toEqual([[[100, 0]], 1]);
  });

  it('gives facts that stay as they were when those it keeps are forgotten and others come', () => {
    const table = newTable({ maxEnded: 1 });
    table.begin(facts(1, 100));
    table.end(1, 200);
    const before = table.at(1, 150);
    for (let pid = 2; pid <= 4; pid += 1) {
      table.begin(facts(pid, 300, pid));
      table.end(pid, 400);
    }
    expect([before, table.at(4, 350), table.size]).toEqual([facts(1, 100), facts(4, 300, 4), 1]);
  });

  it('keeps no more than it has room for: the first that ended goes first', () => {
    const table = newTable({ maxEnded: 3 });
    for (let pid = 1; pid <= 5; pid += 1) {
      table.begin(facts(pid, 100));
      table.end(pid, 200 + pid);
    }
    expect([1, 2, 3, 4, 5].map((pid) => table.at(pid, 150) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    for (let exec = 1; exec <= 100; exec += 1) table.begin(facts(9, 300, exec, 300 + exec));
    expect(at(table, 9, [396, 397, 400, 500])).toEqual([undefined, [300, 97], [300, 100], [300, 100]]);
    expect(table.size).toBe(4);
  });

  it('takes no more living processes than it has room for, counts them, and does not take them for others', () => {
    const table = newTable({ maxLiving: 1 });
    table.begin(facts(7, 100));
    table.end(7, 200);
    table.begin(facts(8, 210));
    table.begin(facts(7, 300));
    expect(table.refused).toBe(1);
    expect(at(table, 7, [250, 300, 400])).toEqual([[100, 0], undefined, undefined]);
  });
});

describe('when events were lost, the table', () => {
  /** 7 lives all the time, 8 ended before, 9 ends after, 10 ends unseen. */
  function doubtful(): ProcessTable {
    const table = newTable();
    for (const pid of [7, 8, 9, 10]) table.begin(facts(pid, 100));
    table.end(8, 500);
    table.doubt(1000);
    table.end(9, 1500);
    return table;
  }

  it('knows for certain only what was before, and what an event tells later', () => {
    const table = doubtful();
    expect([7, 8, 9, 10].map((pid) => at(table, pid, [600, 1200, 1800]))).toEqual([
      [[100, 0], undefined, undefined],
      [[100, 0], undefined, undefined],
      [[100, 0], [100, 0], undefined],
      [[100, 0], undefined, undefined],
    ]);
  });

  it('knows who lives once it has looked', () => {
    const table = doubtful();
    table.beginSearch();
    table.seen(7, 100);
    table.seen(10, 99);
    table.begin(facts(11, 1900));
    table.endSearch(2000, true);
    expect([7, 8, 9, 10, 11].map((pid) => at(table, pid, [600, 1200, 1800, 2500]))).toEqual([
      [
        [100, 0],
        [100, 0],
        [100, 0],
        [100, 0],
      ],
      [[100, 0], undefined, undefined, undefined],
      [[100, 0], [100, 0], undefined, undefined],
      [[100, 0], undefined, undefined, undefined],
      [undefined, undefined, undefined, [1900, 0]],
    ]);
  });

  it('stays doubtful when more was lost while it looked', () => {
    const table = doubtful();
    table.beginSearch();
    table.seen(7, 100);
    table.endSearch(2000, false);
    expect(at(table, 7, [600, 1800])).toEqual([[100, 0], undefined]);
  });
});
