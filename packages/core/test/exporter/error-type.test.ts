import { describe, expect, it } from 'vitest';
import { PermanentError, RetryableError } from '../../src/errors.ts';
import { failureAttributes } from '../../src/exporter/error-type.ts';

const permanent = (status?: number): PermanentError =>
  new PermanentError('EXPORT_REFUSED', 'x', status === undefined ? {} : { status });

describe('failureAttributes', () => {
  it.each([
    [permanent(3), 'InvalidArgument', true],
    [permanent(16), 'Unauthenticated', true],
    [permanent(12), 'Unimplemented', true],
    [permanent(1), 'Canceled', true],
    [permanent(99), '_OTHER', true],
    [permanent(), '_OTHER', true],
    [new RetryableError('EXPORT_UNAVAILABLE', 'x', { status: 14 }), 'Unavailable', false],
    [new RetryableError('EXPORT_UNAVAILABLE', 'x', { status: 4 }), 'DeadlineExceeded', false],
    [new RetryableError('SHUTDOWN', 'x'), 'Shutdown', false],
    [new Error('x'), '_OTHER', false],
    ['x', '_OTHER', false],
  ])('names the error as the Collector does: %s', (error, type, isPermanent) => {
    expect(failureAttributes(error)).toEqual({ 'error.type': type, 'error.permanent': isPermanent });
  });
});
