import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { PipelineError } from '@tributary/core';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { LogMessage } from '../../src/workers/messages.ts';
import { fieldsOf, portLogger } from '../../src/workers/port-logger.ts';

/** A logger and what came through its port. */
function connect(least: 'debug' | 'info' | 'warn' = 'info') {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const received = (): LogMessage[] => {
    const messages: LogMessage[] = [];
    for (;;) {
      const next = receiveMessageOnPort(port2);
      if (next === undefined) return messages;
      messages.push(next.message as LogMessage);
    }
  };
  return { logger: portLogger(port1, least), received };
}

it('lines from the least level on come through, with their fields', () => {
  const { logger, received } = connect('warn');
  logger.info({}, 'too small');
  logger.warn({ endpoint: '[::]:4317', tries: 3 }, 'large enough');
  expect(received()).toEqual([
    { kind: 'log', level: 'warn', message: 'large enough', fields: { endpoint: '[::]:4317', tries: 3 } },
  ]);
});

it('an error keeps its text, its stack and its code', () => {
  const { logger, received } = connect();
  const error = new PipelineError('QUEUE_FULL', 'queue: it is full.');
  logger.error({ error }, 'refused');
  const [line] = received();
  const { error: arrived } = fieldsOf(line!);
  expect(arrived).toBeInstanceOf(Error);
  expect(arrived).toMatchObject({ message: error.message, stack: error.stack, code: 'QUEUE_FULL' });
});

it('a field that cannot cross becomes text', () => {
  const { logger, received } = connect();
  logger.info({ what: () => 1, count: 2 }, 'odd');
  expect(received().map(({ fields }) => fields)).toEqual([{ what: '() => 1', count: 2 }]);
});

it('what was dropped because there was too much is told, even if no line follows', () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { logger, received } = connect();
  for (let line = 0; line < 1500; line++) logger.info({}, 'again');
  const before = received();
  vi.advanceTimersByTime(1000);
  expect([before.length, received()]).toEqual([
    1000,
    [{ kind: 'log', level: 'warn', message: 'lines of the log were dropped', fields: { lines: 500 } }],
  ]);
  logger.info({}, 'on');
  expect(received().map(({ message }) => message)).toEqual(['on']);
});
