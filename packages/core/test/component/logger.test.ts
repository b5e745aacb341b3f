import { RepeatedLog, withFields } from '@tributary/core';
import { captureLogger } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';

describe('a logger with bound fields', () => {
  it("adds them to each line, below the line's own", () => {
    const { logger, lines } = captureLogger();
    const bound = withFields(logger, { id: 'otlp', port: 1 });
    bound.debug({}, 'a');
    bound.info({ port: 2 }, 'b');
    bound.warn({ more: true }, 'c');
    bound.error({}, 'd');
    expect(lines).toEqual([
      { level: 'debug', message: 'a', fields: { id: 'otlp', port: 1 } },
      { level: 'info', message: 'b', fields: { id: 'otlp', port: 2 } },
      { level: 'warn', message: 'c', fields: { id: 'otlp', port: 1, more: true } },
      { level: 'error', message: 'd', fields: { id: 'otlp', port: 1 } },
    ]);
  });
});

describe('a repeated log line', () => {
  function repeated() {
    const lines: unknown[] = [];
    const clock = { ms: 0 };
    const log = new RepeatedLog(
      (fields) => lines.push(fields),
      () => clock.ms,
    );
    return { lines, clock, log };
  }

  it('is written at once, then at most once in ten seconds, with how many it stands for', () => {
    const { lines, clock, log } = repeated();
    log.occur(5, { error: 'first' });
    log.occur(6, { error: 'second' });
    clock.ms = 9_999;
    log.occur(7, { error: 'third' });
    clock.ms = 10_000;
    log.occur(8, { error: 'fourth' });
    clock.ms = 15_000;
    log.occur(9, { error: 'fifth' });
    expect(lines).toEqual([
      { error: 'first', occurrences: 1, items: 5 },
      { error: 'fourth', occurrences: 3, items: 21 },
    ]);
  });

  it('is written at the end if it is held back', () => {
    const { lines, log } = repeated();
    log.occur(1, { error: 'first' });
    log.occur(2, { error: 'second' });
    log.flush();
    log.flush();
    expect(lines).toEqual([
      { error: 'first', occurrences: 1, items: 1 },
      { error: 'second', occurrences: 1, items: 2 },
    ]);
  });
});
