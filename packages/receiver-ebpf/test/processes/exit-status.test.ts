import { describe, expect, it } from 'vitest';
import { PROCESS_FLAG } from '../../src/generated/processes-layout.ts';
import { exitStatus, signalName } from '../../src/processes/exit-status.ts';

describe('exitStatus', () => {
  it.each([
    ['an exit', 3 << 8, 0, { reason: 'exited', code: 3, hasDumpedCore: false }],
    ['the largest exit code', 255 << 8, 0, { reason: 'exited', code: 255, hasDumpedCore: false }],
    ['a signal', 15, 0, { reason: 'signaled', signal: 'SIGTERM', hasDumpedCore: false }],
    ['a core dump', 11 | 0x80, 0, { reason: 'signaled', signal: 'SIGSEGV', hasDumpedCore: true }],
    [
      'a kill for memory',
      9,
      PROCESS_FLAG.PROCESS_OOM_VICTIM,
      { reason: 'oom_killed', signal: 'SIGKILL', hasDumpedCore: false },
    ],
    [
      'an exit that was under way when the memory ran out',
      0,
      PROCESS_FLAG.PROCESS_OOM_VICTIM,
      { reason: 'exited', code: 0, hasDumpedCore: false },
    ],
  ])('reads %s', (_, status, flags, expected) => {
    expect(exitStatus(status, flags)).toEqual(expected);
  });
});

describe('signalName', () => {
  it.each([
    [1, 'SIGHUP'],
    [6, 'SIGABRT'],
    [9, 'SIGKILL'],
    [29, 'SIGIO'],
    [32, 'SIG32'],
    [33, 'SIG33'],
    [34, 'SIGRTMIN'],
    [64, 'SIGRTMIN+30'],
  ])('calls %i %s', (signal, name) => {
    expect(signalName(signal)).toBe(name);
  });
});
