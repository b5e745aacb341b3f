import { execFileSync } from 'node:child_process';
import { readlinkSync, statSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { inNetworkNamespace, networkNamespaces } from '../src/index.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const NAME = `tributary-bpf-${process.pid}`;

beforeEach(skipWithoutBpf);

describe('network namespaces', () => {
  it('are found where no process lives in them, entered, and left again', () => {
    execFileSync('ip', ['netns', 'add', NAME]);
    try {
      const { ino } = statSync(`/run/netns/${NAME}`);
      const found = networkNamespaces().namespaces.find(({ inode }) => inode === ino);
      expect(found).toEqual({ inode: ino, path: `/run/netns/${NAME}` });
      const home = readlinkSync('/proc/thread-self/ns/net');
      expect(inNetworkNamespace(found!, () => readlinkSync('/proc/thread-self/ns/net'))).toEqual({
        result: `net:[${ino}]`,
      });
      expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    } finally {
      execFileSync('ip', ['netns', 'del', NAME]);
    }
  });

  it('are left when the work there throws', () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    const namespace = { inode: 0, path: '/proc/self/ns/net' };
    expect(() =>
      inNetworkNamespace(namespace, () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
  });

  it('that cannot be entered are told with the reason', () => {
    expect(inNetworkNamespace({ inode: 0, path: '/proc/self/ns/mnt' }, () => 1)).toEqual({
      problem: 'EINVAL: invalid argument',
    });
    expect(inNetworkNamespace({ inode: 0, path: '/run/no-such-file' }, () => 1)).toEqual({
      problem: "Error: ENOENT: no such file or directory, open '/run/no-such-file'",
    });
  });

  it('beyond a number are counted', () => {
    execFileSync('ip', ['netns', 'add', NAME]);
    try {
      const { namespaces, unseen } = networkNamespaces(0);
      expect(namespaces).toEqual([]);
      expect(unseen).toBeGreaterThan(0);
    } finally {
      execFileSync('ip', ['netns', 'del', NAME]);
    }
  });

  it('do not include our own', () => {
    const { ino } = statSync('/proc/self/ns/net');
    expect(networkNamespaces().namespaces.filter(({ inode }) => inode === ino)).toEqual([]);
  });
});
