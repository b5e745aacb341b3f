import { PermanentError, RetryableError } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { combineRefusals } from '../../src/pipeline/combine-refusals.ts';

const gone = new PermanentError('EXPORT_REFUSED', 'a: gone.', { status: 3 });
const invalid = new PermanentError('OTLP_MALFORMED', 'b: invalid.');
const busy = new RetryableError('QUEUE_FULL', 'c: busy.', { delayMs: 100, status: 8 });
const slow = new RetryableError('EXPORT_UNAVAILABLE', 'd: slow.', { delayMs: 2000 });
const unknown = new TypeError('e: not a function');

function view(error: unknown): unknown {
  if (!(error instanceof PermanentError || error instanceof RetryableError)) return error;
  const { name, code, message, status, cause } = error;
  const delayMs = error instanceof RetryableError ? error.delayMs : undefined;
  return { name, code, message, status, delayMs, errors: (cause as AggregateError).errors };
}

describe('the refusals of a fan-out', () => {
  it.each([gone, busy, unknown, 'a string'])('are handed on as they are when there is one: %s', (error) => {
    expect(combineRefusals([error], 2)).toBe(error);
  });

  it('are permanent together when all are', () => {
    expect(view(combineRefusals([invalid, gone], 2))).toEqual({
      name: 'PermanentError',
      code: 'BRANCHES_REFUSED',
      message: 'fan-out: 2 of 2 consumers refused the data (b: invalid; a: gone).',
      status: 3,
      delayMs: undefined,
      errors: [invalid, gone],
    });
  });

  it('are to be retried when one is, after the longest delay, with the status of the first that may be retried', () => {
    expect(view(combineRefusals([gone, busy, slow], 4))).toEqual({
      name: 'RetryableError',
      code: 'BRANCHES_REFUSED',
      message: 'fan-out: 3 of 4 consumers refused the data (a: gone; c: busy; d: slow).',
      status: 8,
      delayMs: 2000,
      errors: [gone, busy, slow],
    });
  });

  it('may be retried when one is of an unknown kind', () => {
    expect(view(combineRefusals([gone, unknown, 'a string'], 3))).toEqual({
      name: 'RetryableError',
      code: 'BRANCHES_REFUSED',
      message: 'fan-out: 3 of 3 consumers refused the data (a: gone; e: not a function; a string).',
      status: undefined,
      delayMs: undefined,
      errors: [gone, unknown, 'a string'],
    });
  });

  it('tell a reason that several have once', () => {
    expect(view(combineRefusals([gone, gone], 2))).toMatchObject({
      message: 'fan-out: 2 of 2 consumers refused the data (a: gone).',
    });
  });
});
