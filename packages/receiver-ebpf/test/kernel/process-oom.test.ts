import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { examineMachine } from '@tributary/bpf';
import { beforeEach, describe, expect, it } from 'vitest';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { PROGRAM, runToEnd, watchingProcesses } from './watch-processes.ts';

const LIMIT_BYTES = 40 << 20;

beforeEach(skipWithoutBpf);

/** A cgroup with a memory limit, of whichever version has the memory controller here; undefined if neither has. */
function limitedCgroup(): string | undefined {
  const name = `tributary-oom-${process.pid}`;
  const { v2Path } = examineMachine().cgroups;
  const places = [
    { parent: '/sys/fs/cgroup/memory', file: 'memory.limit_in_bytes' },
    { parent: v2Path ?? '', file: 'memory.max' },
  ];
  for (const { parent, file } of places) {
    const directory = path.join(parent, name);
    if (parent === '' || !existsSync(parent)) continue;
    mkdirSync(directory);
    if (existsSync(path.join(directory, file))) {
      writeFileSync(path.join(directory, file), String(LIMIT_BYTES));
      return directory;
    }
    rmdirSync(directory);
  }
  return undefined;
}

describe('a process that takes more memory than its cgroup may have', () => {
  it('is told to be killed for it, and its end says so; a SIGKILL by somebody else does not', async ({
    skip,
  }) => {
    const cgroup = limitedCgroup();
    skip(cgroup === undefined, 'needs the memory controller');
    try {
      await watchingProcesses(async (watch) => {
        const entering = `echo $$ > ${cgroup}/cgroup.procs; exec python3 ${PROGRAM} eat`;
        const { pid: greedy } = await runToEnd('/bin/sh', ['-c', `${entering} 400`]);
        const { pid: modest } = await runToEnd('/bin/sh', ['-c', `${entering} 1`]);
        const { pid: killed } = await runToEnd('/bin/sh', ['-c', 'kill -9 $$']);
        const events = await watch.untilExited(greedy, modest, killed);
        const ends = events.filter(({ event }) => event !== 'process.start');
        expect(
          ends.map((event) => [
            event.event,
            event['process.pid'],
            event['process.exit.reason'],
            event['process.exit.signal'],
            event['process.exit.code'],
          ]),
        ).toEqual([
          ['process.oom_kill', greedy, undefined, undefined, undefined],
          ['process.exit', greedy, 'oom_killed', 'SIGKILL', undefined],
          ['process.exit', modest, 'exited', undefined, 0],
          ['process.exit', killed, 'signaled', 'SIGKILL', undefined],
        ]);
        expect(ends[0]).toMatchObject({
          'process.executable.name': expect.stringMatching(/^python3/),
          'process.parent_pid': process.pid,
          'process.linux.cgroup': expect.stringMatching(/^\//),
        });
      });
    } finally {
      if (cgroup !== undefined) rmdirSync(cgroup);
    }
  });
});
