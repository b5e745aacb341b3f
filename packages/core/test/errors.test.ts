import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ERROR_CODES,
  errorText,
  isPermanent,
  PermanentError,
  PipelineError,
  RetryableError,
} from '@tributary/core';
import { describe, expect, it } from 'vitest';

const codes = Object.keys(ERROR_CODES);

describe('error codes', () => {
  it('are words in capitals', () => {
    expect(codes.filter((code) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^SHUTDOWN$/.test(code))).toEqual([]);
  });

  it('are explained in docs/errors.md, each once, and no others', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
    const explained = [...page.matchAll(/^### (.*)$/gm)].map(([, code]) => code);
    expect(explained.toSorted()).toEqual(codes.toSorted());
  });
});

describe('errors', () => {
  it('carry a code, and what goes with it', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new RetryableError('EXPORT_UNAVAILABLE', 'exporter "otlp": the backend is gone.', {
      cause,
      details: { peer: '127.0.0.1:4317' },
      status: 14,
      delayMs: 200,
    });
    const { name, code, message, details, status, delayMs } = error;
    expect({ name, code, message, details, status, delayMs, cause: error.cause }).toEqual({
      name: 'RetryableError',
      code: 'EXPORT_UNAVAILABLE',
      message: 'exporter "otlp": the backend is gone.',
      details: { peer: '127.0.0.1:4317' },
      status: 14,
      delayMs: 200,
      cause,
    });
  });

  it.each([
    [new PermanentError('EXPORT_REFUSED', 'no.'), true],
    [new RetryableError('QUEUE_FULL', 'later.'), false],
    [new PipelineError('COMPONENT_START', 'failed.'), false],
    [new TypeError('a defect'), false],
    ['a string', false],
    [undefined, false],
  ])('are permanent only if they are known to be: %s', (error, expected) => {
    expect(isPermanent(error)).toBe(expected);
  });

  it.each([
    [new Error('gone'), 'gone'],
    ['a string', 'a string'],
    [undefined, 'undefined'],
  ])('have a text, whatever was thrown: %s', (error, text) => {
    expect(errorText(error)).toBe(text);
  });
});
