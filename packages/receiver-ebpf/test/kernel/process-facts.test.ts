import { spawn } from 'node:child_process';
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { examineMachine, monotonicNowNs } from '@tributary/bpf';
import { beforeEach, describe, expect, it } from 'vitest';
import { withCgroups } from './cgroup-lab.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { begin, type ProcessEvent, runToEnd, watchingProcesses } from './watch-processes.ts';

const ID = 'c0ffee'.padEnd(64, '0');

/** What /bin/sh is on this machine. */
const SHELL = realpathSync('/bin/sh');

beforeEach(skipWithoutBpf);

const now = (): number => Number(monotonicNowNs());

describe('what is known of a pid', () => {
  it('is the process that had it, its program and its life, when that is over before anybody looks', async () => {
    await watchingProcesses(async ({ processes }) => {
      const before = now();
      const { pid } = await runToEnd('/bin/true', []);
      // Asked at once: the events have not been fetched yet.
      const facts = processes.at(pid, now());
      expect(facts).toMatchObject({ pid, parentPid: process.pid, executable: { name: 'true' }, innerPid: 0 });
      expect(facts?.startedNs).toBeGreaterThanOrEqual(before);
      // Between its fork and its execve() it was what its parent is.
      expect(processes.at(pid, facts?.startedNs ?? 0)?.executable?.name).toBe(
        path.basename(process.execPath),
      );
      expect(processes.at(pid, before)).toBeUndefined();
    });
  });

  it('is there for processes from before the start', async () => {
    const child = spawn('sleep', ['60']);
    const before = now();
    await watchingProcesses(async ({ processes, of }) => {
      expect(processes.at(child.pid ?? 0, before)).toMatchObject({ executable: { name: 'sleep' } });
      expect(processes.at(process.pid, before)).toMatchObject({
        executable: { path: process.execPath },
        parentPid: process.ppid,
      });
      expect(of(child.pid ?? 0)).toEqual([]);
      child.kill();
    });
  });

  it('is not that of another process which has the pid afterwards', async ({ skip }) => {
    skip(!existsSync('/proc/sys/kernel/ns_last_pid'), 'needs to choose the pids of a namespace');
    await watchingProcesses(async (watch) => {
      const { facts } = await begin<{ pid: number; betweenNs: number }>('reuse');
      const { pid, betweenNs } = facts;
      const events = await watch.untilExited(pid, pid);
      const endedNs = now();
      expect(
        events.map(({ event, ...rest }) => [event, rest['process.exit.code'], rest['process.forked']]),
      ).toEqual([
        ['process.exit', 11, true],
        ['process.start', undefined, undefined],
        ['process.exit', 12, undefined],
      ]);
      const [former, ...later] = [betweenNs, endedNs, now()].map((time) => watch.processes.at(pid, time));
      expect(former?.executable?.name).toMatch(/^python3/);
      expect(later.map((known) => known?.executable?.path)).toEqual([SHELL, SHELL]);
      expect(later[0]?.startedNs).toBeGreaterThan(betweenNs);
      expect(former?.startedNs).toBeLessThan(betweenNs);
    });
  });

  it('has the container, when that lives no longer than a moment', async ({ skip }) => {
    const { v2Path } = examineMachine().cgroups;
    skip(v2Path === undefined, 'needs cgroup version 2');
    await watchingProcesses((watch) =>
      withCgroups(v2Path ?? '', async (lab) => {
        const scope = `kubepods-besteffort.slice/cri-containerd-${ID}.scope`;
        const directory = lab.make(scope);
        // The shell enters the container before it becomes another program, and the container goes with that.
        const { pid } = await runToEnd('/bin/sh', [
          '-c',
          `echo $$ > ${directory}/cgroup.procs; exec /bin/true`,
        ]);
        lab.remove(scope);
        const events = await watch.untilExited(pid);
        expect(events.map((event) => [event.event, event['container.id']])).toEqual([
          ['process.start', undefined],
          ['process.start', ID],
          ['process.exit', ID],
        ]);
        expect(watch.processes.at(pid, now())).toMatchObject({
          executable: { name: 'true' },
          cgroup: { containerId: ID, path: lab.path(scope) },
        });
      }),
    );
  });

  it('has the container in version 1 as well, and for what is over before anybody looks', async ({
    skip,
  }) => {
    const hierarchy = '/sys/fs/cgroup/memory';
    skip(!existsSync(path.join(hierarchy, 'cgroup.procs')), 'needs cgroup version 1');
    await watchingProcesses((watch) =>
      withCgroups(hierarchy, async (lab) => {
        const container = `docker/${ID}`;
        const script = `echo $$ > ${lab.make(container)}/cgroup.procs; /bin/true; read line; exec /bin/true`;
        const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
        const pid = shell.pid ?? 0;
        const ofChild = (): ProcessEvent[] =>
          watch.events.filter((event) => event['process.parent_pid'] === pid);
        await watch.until(() => ofChild().length === 2);
        shell.stdin.end('\n');
        await watch.untilExited(pid);
        expect([...watch.of(pid), ...ofChild()].map((event) => [event.event, event['container.id']])).toEqual(
          [
            ['process.start', undefined],
            ['process.start', ID],
            ['process.exit', ID],
            ['process.start', ID],
            ['process.exit', ID],
          ],
        );
        expect(watch.of(pid).at(-1)?.['process.linux.cgroup']).toBe(lab.path(container));
      }),
    );
  });

  it('follows a process that is moved from one cgroup to another', async ({ skip }) => {
    const { v2Path } = examineMachine().cgroups;
    skip(v2Path === undefined, 'needs cgroup version 2');
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    try {
      await withCgroups(v2Path ?? '', async (lab) => {
        await watchingProcesses(async ({ processes, untilExited }) => {
          const times = ['a', 'b'].map((name) => {
            writeFileSync(path.join(lab.make(name), 'cgroup.procs'), String(pid));
            return now();
          });
          expect(times.map((time) => processes.at(pid, time)?.cgroup?.path)).toEqual([
            lab.path('a'),
            lab.path('b'),
          ]);
          child.kill('SIGINT');
          expect(await untilExited(pid)).toMatchObject([
            { 'process.exit.signal': 'SIGINT', 'process.linux.cgroup': lab.path('b') },
          ]);
        });
      });
    } finally {
      child.kill('SIGKILL');
    }
  });
});
