import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupPathOf, ProcessCgroups } from '../../src/cgroups/process-cgroups.ts';

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
  let nowMs = 0;

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
    nowMs = 0;
  });
  afterEach(() => rmSync(proc, { recursive: true }));

  it('tells a process from others with its pid by when it began, to a hundredth of a second', () => {
    const cgroups = new ProcessCgroups(() => nowMs, proc);
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

  it('asks once a second', () => {
    const cgroups = new ProcessCgroups(() => nowMs, proc);
    run(7, 100, '/before');
    const seen = [cgroups.pathOf(7), cgroups.pathOf(8)];
    run(7, 100, '/after');
    for (nowMs of [999, 1000]) seen.push(cgroups.pathOf(7));
    expect(seen).toEqual(['/before', undefined, '/before', '/after']);
  });

  it('looks once a second for a process that is not there', () => {
    const cgroups = new ProcessCgroups(() => nowMs, proc);
    expect(cgroups.pathOf(9)).toBe(undefined);
    run(9, 100, '/late');
    expect(cgroups.pathOf(9)).toBe(undefined);
    nowMs += 1000;
    // Records of who had the pid until then may still come.
    expect(cgroups.pathOf(9)).toBe(undefined);
    nowMs += 1000;
    expect(cgroups.pathOf(9)).toBe('/late');
  });

  it('remembers a process for a minute after it was last seen', () => {
    const cgroups = new ProcessCgroups(() => nowMs, proc);
    run(7, 100, '/a');
    const seen = [cgroups.pathOf(7)];
    rmSync(path.join(proc, '7'), { recursive: true });
    for (nowMs of [1000, 59_000, 60_000, 61_000]) seen.push(cgroups.pathOf(7));
    expect(seen).toEqual(['/a', '/a', '/a', undefined, undefined]);
  });

  it('does not take a process for another that had its pid before, and says nothing while it could be either', () => {
    const cgroups = new ProcessCgroups(() => nowMs, proc);
    run(7, 100, '/a');
    const seen = [cgroups.pathOf(7)];
    run(7, 200, '/b');
    for (nowMs of [1000, 1999, 2000]) seen.push(cgroups.pathOf(7));
    expect(seen).toEqual(['/a', undefined, undefined, '/b']);
  });
});
