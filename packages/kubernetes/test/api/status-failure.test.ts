import { describe, expect, test } from 'vitest';
import { readStatus } from '../../src/api/object-meta.ts';
import { answerFailure, eventFailure } from '../../src/api/status-failure.ts';
import { encode } from './wire-forms.ts';

describe('the wait that a server asks for', () => {
  const status = (retryAfterSeconds: number) =>
    readStatus(encode('Status', { code: 429, details: { retryAfterSeconds } }));

  test.for([
    [0, 0],
    [7, 7_000],
    [301, 300_000],
    [2 ** 31 - 1, 300_000],
  ] as const)('is %i s in a watch, of which %i ms count', ([seconds, waitMs]) => {
    const { reason, retryAfterMs } = eventFailure(status(seconds));
    expect({ reason, retryAfterMs }).toEqual({ reason: 'rate_limited', retryAfterMs: waitMs });
  });

  test('is bounded in an answer of JSON too', () => {
    const body = { kind: 'Status', message: 'slow down', details: { retryAfterSeconds: 1e300 } };
    const { message, retryAfterMs } = answerFailure(429, Buffer.from(JSON.stringify(body)), 1_000);
    expect({ message, retryAfterMs }).toEqual({ message: 'answered 429: slow down', retryAfterMs: 300_000 });
  });
});
