import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ResourceWriter } from '../../src/resources/resource-writer.ts';
import { WatchedCgroups } from '../../src/resources/watched-cgroups.ts';
import { type Resource, resourcesOf } from './read-metrics.ts';

const IDS = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const [A = '', B = '', C = ''] = IDS;

let root = '';
let cgroups: WatchedCgroups;
let tooMany: number[] = [];
let unreadable: unknown[] = [];

function watch(maxCgroups: number, type: 'cgroup' | 'cgroup2' = 'cgroup2'): void {
  cgroups = new WatchedCgroups({
    mounts: [{ path: root, type, root: '/', superOptions: ['rw', 'memory'] }],
    withUnits: false,
    maxCgroups,
    onTooMany: (count) => tooMany.push(count),
    onUnreadable: (error) => unreadable.push(error),
  });
}

/** Writes files into the directory of a container, which it makes. */
function put(id: string, files: Readonly<Record<string, string>>): void {
  const directory = path.join(root, 'docker', id);
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
}

function read(): Resource[] {
  const writer = new ResourceWriter({ version: '1.2.3' });
  cgroups.readAll((...reading) => writer.write(...reading));
  return resourcesOf([writer.finish()]);
}

const ids = (resources: readonly Resource[]): unknown[] =>
  resources.map(({ attributes }) => attributes['container.id']).sort();

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'resources-'));
  tooMany = [];
  unreadable = [];
});

afterEach(() => {
  cgroups.close();
  expect(cgroups.size).toBe(0);
  rmSync(root, { recursive: true });
});

describe('WatchedCgroups', () => {
  it('keeps those that were there first when there are too many, counts the others, and takes them when there is room', () => {
    watch(2);
    for (const id of [A, B]) put(id, { 'pids.current': '1\n' });
    const seen = [ids(read())];
    put(C, { 'pids.current': '1\n' });
    seen.push(ids(read()));
    rmSync(path.join(root, 'docker', A), { recursive: true });
    seen.push(ids(read()));
    expect(seen).toEqual([
      [A, B],
      [A, B],
      [B, C],
    ]);
    expect(tooMany).toEqual([1]);
  });

  it('leaves out a container of which nothing can be read any more', () => {
    watch(10);
    put(A, {});
    expect([read(), unreadable]).toEqual([[], []]);
  });

  it('says what it can when a file cannot be read', () => {
    watch(10);
    put(A, { 'pids.current': '3\n' });
    // A directory can be opened and not be read, by root either.
    mkdirSync(path.join(root, 'docker', A, 'io.stat'));
    expect(read().map(({ metrics }) => metrics['container.thread.count {thread}'])).toEqual([[[{}, 3]]]);
    expect(unreadable.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['EISDIR']);
  });

  it('begins a sum anew that was set to zero, and only that', () => {
    watch(10, 'cgroup');
    const stat = (faults: number): string => `total_pgfault ${faults}\ntotal_pgmajfault 0\n`;
    put(A, { 'memory.failcnt': '5\n', 'memory.stat': stat(10) });
    const before = read()[0];
    const between = BigInt(Date.now()) * 1_000_000n;
    put(A, { 'memory.failcnt': '2\n', 'memory.stat': stat(11) });
    const after = read()[0];
    const startOf = (resource: Resource | undefined, metric: string): bigint | undefined =>
      resource?.list.find(({ name }) => name === metric)?.dataPoints()[0]?.startTimeUnixNano;
    expect(after?.metrics['container.memory.events {event}']).toEqual([
      [{ 'container.memory.event': 'max' }, 2],
    ]);
    expect(startOf(after, 'container.paging.faults')).toBe(startOf(before, 'container.paging.faults'));
    expect(startOf(after, 'container.memory.events')).toBeGreaterThan(
      startOf(before, 'container.memory.events') as bigint,
    );
    expect(startOf(after, 'container.memory.events')).toBeLessThanOrEqual(between);
  });

  it('moves the starts along when the clock is set', () => {
    const HOUR_MS = 3_600_000;
    watch(10);
    put(A, { 'pids.current': '1\n' });
    const startOf = (resource: Resource | undefined): bigint =>
      resource?.list[0]?.dataPoints()[0]?.startTimeUnixNano ?? 0n;
    const before = startOf(read()[0]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - HOUR_MS });
    try {
      const [after] = read();
      const movedMs = Number((before - startOf(after)) / 1_000_000n);
      // /proc/uptime is of hundredths of a second.
      expect(Math.abs(movedMs - HOUR_MS)).toBeLessThan(1000);
      expect(startOf(after)).toBeLessThanOrEqual(after?.list[0]?.dataPoints()[0]?.timeUnixNano ?? 0n);
      expect(startOf(read()[0])).toBe(startOf(after));
    } finally {
      vi.useRealTimers();
    }
  });

  it('finds a container that takes the place of another between two looks', () => {
    watch(10);
    put(A, { 'pids.current': '1\n' });
    const seen = [ids(read())];
    rmSync(path.join(root, 'docker', A), { recursive: true });
    put(B, { 'pids.current': '1\n' });
    seen.push(ids(read()));
    expect(seen).toEqual([[A], [B]]);
  });
});
