import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { endReason } from '../../../src/flows/records/end-reason.ts';
import { FLOW_FLAG } from '../../../src/generated/tcp-layout.ts';

const { FLOW_OPENED_HERE, FLOW_FIN_QUEUED, FLOW_RESET_RECEIVED, FLOW_RESET_SENT } = FLOW_FLAG;

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
    expect(endReason(os.constants.errno[name], FLOW_OPENED_HERE | FLOW_FIN_QUEUED)).toBe(reason);
  });

  it.each([
    ['closed here', FLOW_FIN_QUEUED, 'closed'],
    ['given up without closing', FLOW_OPENED_HERE, 'aborted'],
    ['reset from there', FLOW_RESET_RECEIVED, 'reset'],
    ['closed, then reset from there', FLOW_FIN_QUEUED | FLOW_RESET_RECEIVED, 'reset'],
    ['closed, then ended by a RST of our own', FLOW_FIN_QUEUED | FLOW_RESET_SENT, 'aborted'],
  ] as const)('without an error, tells one that was %s', (_, flags, reason) => {
    expect(endReason(0, flags)).toBe(reason);
  });
});
