import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CgroupTree } from '../../src/cgroups/cgroup-tree.ts';

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
    const tree = new CgroupTree(root, () => nowMs);
    expect([tree.pathOf(statSync(root).ino), tree.pathOf(deep), tree.pathOf(make('kubepods'))]).toEqual([
      '/',
      '/kubepods/burstable/pod1',
      '/kubepods',
    ]);
  });

  it('finds a cgroup that was made after it looked', () => {
    const tree = new CgroupTree(root, () => nowMs);
    make('a');
    tree.pathOf(0);
    const later = make('a/b');
    nowMs += 1000;
    expect(tree.pathOf(later)).toBe('/a/b');
  });

  it('remembers a cgroup that was removed, until nobody has asked for it for five minutes', () => {
    const tree = new CgroupTree(root, () => nowMs);
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
    const tree = new CgroupTree(root, () => nowMs++);
    tree.pathOf(0);
    const later = make('later');
    expect(tree.pathOf(later)).toBeUndefined();
    nowMs += 100;
    expect(tree.pathOf(later)).toBe('/later');
  });

  it('says nothing where there is no tree', () => {
    expect(new CgroupTree(path.join(root, 'nowhere')).pathOf(1)).toBeUndefined();
  });
});
