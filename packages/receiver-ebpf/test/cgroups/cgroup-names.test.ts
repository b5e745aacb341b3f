import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { isInFirstPidNamespace } from '../../src/pid-namespace.ts';

const SCRIPT = path.join(import.meta.dirname, '../../testdata/find-process-cgroup.ts');

function find(...before: readonly string[]): unknown {
  const [program = '', ...args] = [...before, process.execPath, SCRIPT];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));
}

it("takes a pid of the kernel's for one of /proc's only where they are the same", (context) => {
  context.skip(process.getuid?.() !== 0, 'needs root, to make a pid namespace');
  context.skip(!isInFirstPidNamespace(), 'needs the first pid namespace');
  expect(find()).toEqual({ path: expect.stringMatching(/^\//) });
  expect(find('unshare', '--pid', '--fork', '--mount-proc')).toEqual({});
});
