import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { begin, type Children, type ProcessEvent, runToEnd, watchingProcesses } from './watch-processes.ts';

/** What these are on this machine, as /proc/PID/exe would say. */
const SHELL = realpathSync('/bin/sh');
const TRUE = realpathSync('/bin/true');

beforeEach(skipWithoutBpf);

/** What an event says of the program and the family, in few words. */
function brief(event: ProcessEvent): unknown[] {
  return [event.event, event['process.pid'], event['process.parent_pid'], event['process.executable.path']];
}

describe('a program that starts', () => {
  it('has its path, its parent, its user and when the process began', async () => {
    await watchingProcesses(async (watch) => {
      const before = Date.now();
      const { pid } = await runToEnd('/bin/sh', ['-c', 'exit 3']);
      const events = await watch.untilExited(pid);
      const shared = {
        'process.pid': pid,
        'process.parent_pid': process.pid,
        'process.creation.time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        'process.user.id': process.geteuid?.(),
        'process.executable.name': path.basename(SHELL),
        'process.executable.path': SHELL,
        'process.linux.cgroup': expect.stringMatching(/^\//),
      };
      expect(events).toEqual([
        { event: 'process.start', ...shared },
        {
          event: 'process.exit',
          ...shared,
          'process.exit.reason': 'exited',
          'process.exit.code': 3,
          'process.exit.time': expect.stringMatching(/Z$/),
        },
      ]);
      const times = [events[0]?.['process.creation.time'], events[1]?.['process.exit.time']].map((time) =>
        Date.parse(String(time)),
      );
      expect(times[0]).toBeGreaterThanOrEqual(before - 1);
      expect(times[1]).toBeGreaterThanOrEqual(times[0] ?? Number.NaN);
      expect(times[1]).toBeLessThanOrEqual(Date.now() + 1);
      expect(events[1]?.['process.creation.time']).toBe(events[0]?.['process.creation.time']);
      expect(watch.losses()).toEqual({});
    });
  });

  it('is told each time when programs follow each other in a process', async () => {
    await watchingProcesses(async (watch) => {
      const { pid } = await runToEnd('/bin/sh', ['-c', `exec /bin/sh -c 'exec /bin/true'`]);
      const events = await watch.untilExited(pid);
      expect(events.map(brief)).toEqual([
        ['process.start', pid, process.pid, SHELL],
        ['process.start', pid, process.pid, SHELL],
        ['process.start', pid, process.pid, TRUE],
        ['process.exit', pid, process.pid, TRUE],
      ]);
    });
  });

  it('is not told of a process that only forks; its end says so', async () => {
    await watchingProcesses(async (watch) => {
      const { facts } = await begin<Children>('outlived_leader');
      const [[pid] = [0]] = facts.children;
      const events = await watch.untilExited(pid);
      expect(events).toMatchObject([
        {
          event: 'process.exit',
          'process.forked': true,
          'process.exit.code': 7,
          'process.executable.name': expect.stringMatching(/^python3/),
          'process.executable.path': expect.stringMatching(/^\/.*\/python3[^/]*$/),
        },
      ]);
    });
  });

  it('has its name whatever bytes that has, and in whatever directory', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'tributary-'));
    try {
      const folder = Buffer.from(`${realpathSync(directory)}/`);
      const name = Buffer.from('a\n\x01"\xff\xc3\u2028', 'latin1');
      copyFileSync(TRUE, Buffer.concat([folder, name]));
      await watchingProcesses(async (watch) => {
        // The shell takes any bytes; Node would make them UTF-8.
        const { pid } = await runToEnd('/bin/sh', ['-c', 'cd "$1" && exec ./*', 'sh', directory]);
        const [, start] = await watch.untilExited(pid);
        const text = name.toString('utf8');
        expect(text).toContain('\ufffd');
        expect([start?.['process.executable.name'], start?.['process.executable.path']]).toEqual([
          text,
          `${folder.toString()}${text}`,
        ]);
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('in a pid namespace has both its pids', async () => {
    await watchingProcesses(async (watch) => {
      const { pid: outer } = await runToEnd('unshare', [
        '--pid',
        '--fork',
        '/bin/sh',
        '-c',
        '/bin/true; exit 9',
      ]);
      await watch.untilExited(outer);
      const inner = watch.events.filter((event) => event['process.parent_pid'] === outer);
      const [shell] = inner.map((event) => event['process.pid'] as number);
      const ofChild = watch.events.filter((event) => event['process.parent_pid'] === shell);
      expect(
        [...inner, ...ofChild].map((event) => [
          event.event,
          event['process.vpid'],
          event['process.executable.path'],
        ]),
      ).toEqual([
        ['process.start', 1, SHELL],
        ['process.exit', 1, SHELL],
        ['process.start', 2, TRUE],
        ['process.exit', 2, TRUE],
      ]);
      expect(shell).not.toBe(1);
    });
  });
});

describe('the parent of a process', () => {
  it('is the one at its start, when the process has become somebody else’s', async () => {
    await watchingProcesses(async (watch) => {
      const { facts } = await begin<{ pid: number; parent: number }>('orphan');
      const events = await watch.untilExited(facts.pid);
      const [start, exit] = events;
      expect(start?.['process.parent_pid']).not.toBe(facts.parent);
      expect(exit?.['process.parent_pid']).toBe(start?.['process.parent_pid']);
    });
  });

  it('need not have asked for it: the end of a zombie is told at once', async () => {
    await watchingProcesses(async (watch) => {
      const { child, facts } = await begin('zombie');
      const events = await watch.untilExited(facts.pid);
      expect(child.exitCode).toBeNull();
      expect(events).toMatchObject([{ 'process.exit.code': 8, 'process.parent_pid': child.pid }]);
      child.stdin?.end();
    });
  });
});

describe('arguments', () => {
  const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

  it('are not there unless asked for', async () => {
    await watchingProcesses(async (watch) => {
      const { pid } = await runToEnd('/bin/true', ['--password=secret']);
      const events = await watch.untilExited(pid);
      expect(JSON.stringify(events)).not.toContain('secret');
    });
  });

  it('are as the program got them: empty ones, control characters, and U+FFFD for what is no UTF-8', async () => {
    const given = ['x', '', 'a b', '\n\x01\x7f"\\', '\xff\xfe', 'caf\xc3\xa9', ''];
    await watchingProcesses(
      async (watch) => {
        const { facts } = await begin('execute', ['/bin/true', ...given.map(hex)]);
        const events = await watch.untilExited(facts.pid);
        const start = events.findLast(({ event }) => event === 'process.start');
        expect([
          start?.['process.args_count'],
          start?.['process.command_args'],
          start?.['process.command_args_truncated'],
        ]).toEqual([7, ['x', '', 'a b', '\n\x01\x7f"\\', '\ufffd\ufffd', 'café', ''], undefined]);
        expect(watch.losses()).toEqual({});
      },
      { arguments: true },
    );
  });

  it.each([
    ['one byte less than there is room for', 31, ['a', 'b'.repeat(28)], undefined],
    ['as many as there is room for', 32, ['a', 'b'.repeat(29)], undefined],
    ['one byte more than there is room for', 33, ['a', 'b'.repeat(30)], true],
    ['very many', 60_000, ['a', 'b'.repeat(30)], true],
  ])('that are %s, each with the 0 that ends it', async (_, bytes, expected, isCut) => {
    await watchingProcesses(
      async (watch) => {
        const { facts } = await begin('execute', ['/bin/true', hex('a'), hex('b'.repeat(bytes - 3))]);
        const events = await watch.untilExited(facts.pid);
        const start = events.findLast(({ event }) => event === 'process.start');
        expect([
          start?.['process.args_count'],
          start?.['process.command_args'],
          start?.['process.command_args_truncated'],
        ]).toEqual([2, expected, isCut]);
      },
      { arguments: true, argument_bytes: 32 },
    );
  });
});
