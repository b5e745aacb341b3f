import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { NetlinkSocket } from '../src/index.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const NETLINK_SOCK_DIAG = 4;
/** SKNLGRP_INET_TCP_DESTROY: the kernel tells of TCP sockets that are destroyed. */
const GROUP = 1;

it('takes no message to its group that is not the kernel’s', (context) => {
  // Who may not load programs may not send to a group, either.
  skipWithoutBpf(context);
  const socket = new NetlinkSocket({ protocol: NETLINK_SOCK_DIAG, groups: [GROUP] });
  try {
    const into = new Uint8Array(4096);
    const forge = `import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ${NETLINK_SOCK_DIAG}).sendto(b"x" * 100, (0, ${GROUP}))`;
    execFileSync('python3', ['-c', forge]);
    const lengths: number[] = [];
    for (let length = socket.receiveNow(into); length !== undefined; length = socket.receiveNow(into)) {
      lengths.push(length);
    }
    // Between them the kernel's own, of other programs' connections.
    expect(lengths.filter((length) => length === 0)).toEqual([0]);
    expect(lengths).not.toContain(100);
  } finally {
    socket.close();
  }
});
