import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { endReason } from '../../../src/flows/records/end-reason.ts';
import { TCP_FLAG } from '../../../src/generated/tcp-layout.ts';

const { TCP_SOURCE, TCP_FIN_QUEUED, TCP_RESET_RECEIVED, TCP_RESET_SENT } = TCP_FLAG;

describe('endReason', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['ETIMEDOUT', 'timed_out'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ENETDOWN', 'unreachable'],
    ['ECONNABORTED', 'aborted'],
    ['EACCES', 'failed'],
  ] as const)('takes the error %s for %s', (name, reason) => {
    expect(endReason(os.constants.errno[name], TCP_SOURCE | TCP_FIN_QUEUED)).toBe(reason);
  });

  it.each([
    ['closed here', TCP_FIN_QUEUED, 'closed'],
    ['given up without closing', TCP_SOURCE, 'aborted'],
    ['reset from there', TCP_RESET_RECEIVED, 'reset'],
    ['closed, then reset from there', TCP_FIN_QUEUED | TCP_RESET_RECEIVED, 'reset'],
    ['closed, then ended by a RST of our own', TCP_FIN_QUEUED | TCP_RESET_SENT, 'aborted'],
  ] as const)('without an error, tells one that was %s', (_, flags, reason) => {
    expect(endReason(0, flags)).toBe(reason);
  });
});
