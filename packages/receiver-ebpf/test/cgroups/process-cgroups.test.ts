import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
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
      '5:memory:/\n1:name=systemd:/user.slice\n0::/user.slice\n',
      '/user.slice',
    ],
    ['version 1 alone, without a container', '5:memory:/a\n', undefined],
    ['nothing', '', undefined],
    ['nonsense', 'x\n0::\n:::\n', undefined],
  ])('reads %s', (_, text, expected) => {
    expect(cgroupPathOf(text)).toBe(expected);
  });
});

describe('ProcessCgroups', () => {
  it('asks once a minute, and knows nothing of processes that have ended', () => {
    const proc = mkdtempSync(path.join(os.tmpdir(), 'proc-'));
    try {
      let nowMs = 0;
      const cgroups = new ProcessCgroups(() => nowMs, proc);
      mkdirSync(path.join(proc, '7'));
      writeFileSync(path.join(proc, '7/cgroup'), '0::/before\n');
      const seen = [cgroups.pathOf(7), cgroups.pathOf(8)];
      writeFileSync(path.join(proc, '7/cgroup'), '0::/after\n');
      nowMs = 59_999;
      seen.push(cgroups.pathOf(7));
      nowMs = 60_000;
      seen.push(cgroups.pathOf(7));
      expect(seen).toEqual(['/before', undefined, '/before', '/after']);
    } finally {
      rmSync(proc, { recursive: true });
    }
  });
});
