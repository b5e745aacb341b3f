import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CgroupTree } from '../../src/cgroups/cgroup-tree.ts';
import type { CgroupEvents, CgroupListener } from '../../src/cgroups/cgroup-watch.ts';

const MINUTE_MS = 60_000;

let root = '';
let nowMs = 0;

/** Makes the directories of `relative`; returns the inode number of the last. */
function make(relative: string): number {
  const directory = path.join(root, relative);
  mkdirSync(directory, { recursive: true });
  return statSync(directory).ino;
}

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'cgroup-'));
  nowMs = 0;
});

afterEach(() => rmSync(root, { recursive: true }));

describe('CgroupTree', () => {
  it('knows the root and what lies below by their inode numbers', () => {
    const deep = make('kubepods/burstable/pod1');
    const tree = new CgroupTree(root, { nowMs: () => nowMs });
    expect([tree.pathOf(statSync(root).ino), tree.pathOf(deep), tree.pathOf(make('kubepods'))]).toEqual([
      '/',
      '/kubepods/burstable/pod1',
      '/kubepods',
    ]);
  });

  it('finds a cgroup that was made after it looked', () => {
    const tree = new CgroupTree(root, { nowMs: () => nowMs });
    make('a');
    tree.pathOf(0);
    const later = make('a/b');
    nowMs += 1000;
    expect(tree.pathOf(later)).toBe('/a/b');
  });

  it('remembers a cgroup that was removed, until nobody has asked for it for five minutes', () => {
    const tree = new CgroupTree(root, { nowMs: () => nowMs });
    const gone = make('gone');
    expect(tree.pathOf(gone)).toBe('/gone');
    rmdirSync(path.join(root, 'gone'));
    const sizes = [];
    for (const minutes of [4, 8, 12.9, 18]) {
      nowMs = minutes * MINUTE_MS;
      // Ids that are not there make it look.
      tree.pathOf(0);
      sizes.push(tree.size);
      if (minutes < 9) expect(tree.pathOf(gone)).toBe('/gone');
    }
    expect(sizes).toEqual([2, 2, 2, 1]);
    expect(tree.pathOf(gone)).toBeUndefined();
  });

  it('does not look again and again for ids that are not there', () => {
    // A clock by which each look at it takes a millisecond.
    const tree = new CgroupTree(root, { nowMs: () => nowMs++ });
    tree.pathOf(0);
    const later = make('later');
    expect(tree.pathOf(later)).toBeUndefined();
    nowMs += 100;
    expect(tree.pathOf(later)).toBe('/later');
  });

  it('says nothing where there is no tree', () => {
    expect(new CgroupTree(path.join(root, 'nowhere')).pathOf(1)).toBeUndefined();
    expect(new CgroupTree(undefined).pathOf(1)).toBeUndefined();
  });
});

describe('CgroupTree that is told of what happens', () => {
  type Told = (listener: CgroupListener) => void;

  /** Events that wait to be fetched. */
  function feed(): CgroupEvents & { readonly waiting: Told[]; losses: number } {
    const waiting: Told[] = [];
    return {
      waiting,
      losses: 0,
      drain(listener) {
        for (const tell of waiting.splice(0)) tell(listener);
      },
      lost() {
        return this.losses;
      },
    };
  }

  it('knows a cgroup that was made and removed before anybody looked, for five minutes', () => {
    const events = feed();
    const tree = new CgroupTree(root, { events, nowMs: () => nowMs });
    tree.walk();
    events.waiting.push(
      (listener) => listener.made(7 * 2 ** 32 + 5, '/a/b'),
      (listener) => listener.removed(7 * 2 ** 32 + 5),
    );
    const seen = [tree.pathOf(7 * 2 ** 32 + 5), tree.pathOf(5)];
    for (const minutes of [5, 10, 15.1]) {
      nowMs = minutes * MINUTE_MS;
      tree.catchUp();
      seen.push(tree.pathOf(7 * 2 ** 32 + 5));
    }
    expect(seen).toEqual(['/a/b', undefined, '/a/b', '/a/b', undefined]);
  });

  it('walks for an unknown id only if events were lost, and looks once for each', () => {
    const events = feed();
    const tree = new CgroupTree(root, { events, nowMs: () => nowMs });
    tree.walk();
    const unheard = make('unheard');
    nowMs += MINUTE_MS;
    const seen = [tree.pathOf(unheard)];
    events.losses = 3;
    seen.push(tree.pathOf(unheard));
    // What was asked for in vain is asked for again after the next look at the events.
    tree.catchUp();
    seen.push(tree.pathOf(unheard));
    expect(seen).toEqual([undefined, undefined, '/unheard']);
  });

  it('takes the path from the root of the machine for what lies below, where only a part is mounted', () => {
    const events = feed();
    const tree = new CgroupTree(root, { events, nowMs: () => nowMs });
    tree.made(statSync(root).ino, '/pods/pod1');
    tree.made(1e12, '/elsewhere');
    const child = make('container');
    tree.walk();
    expect([tree.pathOf(statSync(root).ino), tree.pathOf(child), tree.pathOf(1e12)]).toEqual([
      '/pods/pod1',
      '/pods/pod1/container',
      '/elsewhere',
    ]);
  });

  it('is bounded: what was removed first goes, then nothing new is taken', () => {
    let refused = 0;
    const tree = new CgroupTree(undefined, { onFull: () => (refused += 1) });
    for (let id = 1; id <= 65_536; id += 1) tree.made(id, `/${id}`);
    tree.made(70_000, '/too-many');
    const seen = [tree.size, refused, tree.pathOf(70_000)];
    tree.removed(2);
    tree.removed(1);
    tree.made(70_001, '/new');
    seen.push(tree.size, refused, tree.pathOf(70_001), tree.pathOf(2), tree.pathOf(1));
    expect(seen).toEqual([65_536, 1, undefined, 65_536, 1, '/new', undefined, '/1']);
  });
});
