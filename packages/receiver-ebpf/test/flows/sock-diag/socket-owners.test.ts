import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SocketOwners } from '../../../src/flows/sock-diag/socket-owners.ts';

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(path.join(os.tmpdir(), 'tributary-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

/** A process as /proc shows it, which began so many ticks after the boot as its pid says. */
function add(pid: number | string, executable: string | undefined, ...files: string[]): void {
  mkdirSync(`${proc}/${pid}/fd`, { recursive: true });
  if (executable !== undefined) symlinkSync(executable, `${proc}/${pid}/exe`);
  writeFileSync(`${proc}/${pid}/stat`, `${pid} (a) ${'S '.repeat(19)}${pid} 0\n`);
  for (const [index, file] of files.entries()) symlinkSync(file, `${proc}/${pid}/fd/${index}`);
}

describe('the owner of a socket', () => {
  it('is the process that has it open, with the name of its program', async () => {
    add(20, '/usr/sbin/nginx', '/dev/null', 'socket:[1]', 'pipe:[2]', 'socket:[3]');
    add(3, '/usr/bin/node', 'socket:[4]');
    expect(await new SocketOwners(proc).find(new Set([1, 2, 4, 5]))).toEqual(
      new Map([
        [1, { pid: 20, started: 20, executable: 'nginx', isShared: false }],
        [4, { pid: 3, started: 3, executable: 'node', isShared: false }],
      ]),
    );
  });

  it('is the first of several, which is said', async () => {
    for (const pid of [100, 9, 30]) add(pid, '/bin/sh', 'socket:[1]', 'socket:[1]');
    expect(await new SocketOwners(proc).find(new Set([1]))).toEqual(
      new Map([[1, { pid: 9, started: 9, executable: 'sh', isShared: true }]]),
    );
  });

  it('has a name of at most 31 bytes, without what the kernel adds to a program that was replaced', async () => {
    add(1, `/opt/${'é'.repeat(20)}`, 'socket:[1]');
    add(2, '/opt/server (deleted)', 'socket:[2]');
    add(3, undefined, 'socket:[3]');
    const found = await new SocketOwners(proc).find(new Set([1, 2, 3]));
    expect([...(found?.values() ?? [])].map(({ executable }) => executable)).toEqual([
      `${'é'.repeat(15)}\uFFFD`,
      'server',
      '',
    ]);
  });

  it('is nobody where what is there is no process, has ended, or lies', async () => {
    add('self', '/bin/sh', 'socket:[1]');
    add(5, '/bin/sh', 'socket:[1x]', 'socket:[-1]', 'socket:[]');
    mkdirSync(`${proc}/6`);
    expect(await new SocketOwners(proc).find(new Set([1]))).toEqual(new Map());
  });

  it('is not looked for again before twenty times as long has passed', async () => {
    add(1, '/bin/sh', 'socket:[1]');
    let nowMs = 1000;
    const owners = new SocketOwners(proc, () => nowMs);
    expect((await owners.find(new Set([1])))?.size).toBe(1);
    nowMs += 50;
    expect(await owners.find(new Set([1]))).toBeUndefined();
    nowMs += 10;
    expect((await owners.find(new Set([1])))?.size).toBe(1);
  });
});
