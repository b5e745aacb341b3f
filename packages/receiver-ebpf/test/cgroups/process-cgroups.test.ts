import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupPathOf, ProcessCgroups, startTicks } from '../../src/cgroups/process-cgroups.ts';

const ID = 'a'.repeat(64);

describe('cgroupPathOf', () => {
  it.each([
    ['version 2', '0::/user.slice/session-3.scope\n', '/user.slice/session-3.scope'],
    [
      'a container of version 1',
      `5:memory:/docker/${ID}\n4:cpu,cpuacct:/docker/${ID}\n0::/\n`,
      `/docker/${ID}`,
    ],
    [
      'version 1 without a container',
      '5:memory:/\n1:name=systemd:/user.slice\n0::/system.slice\n',
      '/system.slice',
    ],
    [
      "systemd's own of version 1",
      '5:memory:/\n1:name=systemd:/system.slice/a.service\n',
      '/system.slice/a.service',
    ],
    ['version 1 alone, without a container', '5:memory:/a\n', undefined],
    ['a cgroup that was removed', `0::/docker/${ID} (deleted)\n`, `/docker/${ID}`],
    ['nothing', '', undefined],
    ['nonsense', 'x\n0::\n:::\n', undefined],
  ])('reads %s', (_, text, expected) => {
    expect(cgroupPathOf(text)).toBe(expected);
  });
});

describe('ProcessCgroups', () => {
  let proc = '';

  /** A process that began at `started`, with a name that looks like the fields behind it. */
  function run(pid: number, started: number, cgroup: string): void {
    mkdirSync(path.join(proc, String(pid)), { recursive: true });
    writeFileSync(path.join(proc, `${pid}/cgroup`), `0::${cgroup}\n`);
    writeFileSync(
      path.join(proc, `${pid}/stat`),
      `${pid} (a) S 1) S ${Array.from({ length: 18 }, () => 7).join(' ')} ${started} 0 0\n`,
    );
  }

  beforeEach(() => {
    proc = mkdtempSync(path.join(os.tmpdir(), 'proc-'));
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  it('tells a process from others with its pid by when it began, to a hundredth of a second', () => {
    const cgroups = new ProcessCgroups(proc);
    run(7, 100, '/before');
    const times = [999_999_999, 1_000_000_000, 1_009_999_999, 1_010_000_000];
    expect(times.map((time) => cgroups.pathOfProcess(7, time))).toEqual([
      undefined,
      '/before',
      '/before',
      undefined,
    ]);
    expect(cgroups.pathOfProcess(8, 1_000_000_000)).toBeUndefined();
    run(7, 100, '/after');
    expect(cgroups.pathOfProcess(7, 1_000_000_000)).toBe('/after');
  });

  it('asks once a round', () => {
    const cgroups = new ProcessCgroups(proc);
    run(7, 100, '/before');
    const seen = [cgroups.pathOf(7, 100), cgroups.pathOf(8, 100)];
    run(7, 100, '/after');
    seen.push(cgroups.pathOf(7, 100));
    cgroups.beginRound();
    seen.push(cgroups.pathOf(7, 100));
    expect(seen).toEqual(['/before', undefined, '/before', '/after']);
  });

  it('remembers a process that has ended, also when another has its pid', () => {
    const cgroups = new ProcessCgroups(proc);
    run(7, 100, '/a');
    const seen = [cgroups.pathOf(7, 100)];
    rmSync(path.join(proc, '7'), { recursive: true });
    cgroups.beginRound();
    seen.push(cgroups.pathOf(7, 100));
    run(7, 200, '/b');
    cgroups.beginRound();
    seen.push(cgroups.pathOf(7, 100));
    expect(seen).toEqual(['/a', '/a', '/a']);
  });

  it('does not take a process for another that had its pid before it was ever asked for', () => {
    const cgroups = new ProcessCgroups(proc);
    run(7, 200, '/b');
    expect([cgroups.pathOf(7, 100), cgroups.pathOf(7, 200), cgroups.pathOf(7, 100)]).toEqual([
      undefined,
      '/b',
      undefined,
    ]);
  });

  it('says nothing of a process of which nobody knows when it began', () => {
    run(7, 0, '/a');
    expect(new ProcessCgroups(proc).pathOf(7, 0)).toBeUndefined();
  });

  it('compares when processes began after 497 days as well', () => {
    const cgroups = new ProcessCgroups(proc);
    run(7, 2 ** 32 + 5, '/a');
    expect([cgroups.pathOf(7, 5), cgroups.pathOfProcess(7, (2 ** 32 + 5) * 10_000_000)]).toEqual([
      '/a',
      '/a',
    ]);
  });
});

describe('startTicks', () => {
  it.each([
    ['nothing', '', 0],
    ['a line that is cut', '7 (a) S 1', 0],
    ['no number', `7 (a) S ${Array.from({ length: 18 }, () => 7).join(' ')} x`, 0],
  ])('of %s is not known', (_, stat, expected) => {
    expect(startTicks(stat)).toBe(expected);
  });
});
