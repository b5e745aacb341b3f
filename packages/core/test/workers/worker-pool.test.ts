/** How workers begin and end, as the main thread sees them. */
import { once } from 'node:events';
import { fstatSync, openSync } from 'node:fs';
import { PipelineError } from '@tributary/core';
import { expect, it } from 'vitest';
import { scriptedPool, until } from './scripted-worker.ts';

const OBEDIENT = 'queued(7); started(); on("shutdown", stopped);';

const errorOf = (ended: Promise<void>): Promise<unknown> =>
  ended.then(
    () => undefined,
    (error: unknown) => (error instanceof PipelineError ? [error.code, error.message] : error),
  );

function isOpen(descriptor: number): boolean {
  try {
    return fstatSync(descriptor) !== undefined;
  } catch {
    return false;
  }
}

it('the first worker starts alone, the others beside it, and all end when they are told', async () => {
  const { pool, start, spawned, lines } = scriptedPool(3, OBEDIENT);
  await start();
  expect(spawned.map(({ number, isAlone }) => [number, isAlone])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ]);
  expect(await errorOf(pool.shutdown())).toBe(undefined);
  expect(lines).toEqual([{ level: 'info', message: 'workers are running', fields: { workers: 3 } }]);
});

it('a shutdown while the first worker starts ends it, and no other is started', async () => {
  const { pool, start, spawned, lines } = scriptedPool(3, 'on("shutdown", stopped);');
  const starting = start();
  await until('the first is there', () => spawned.length === 1);
  expect(await errorOf(pool.shutdown())).toBe(undefined);
  expect(await errorOf(starting)).toBe(undefined);
  expect([spawned.length, lines]).toEqual([1, []]);
});

it('nothing is started after a shutdown', async () => {
  const { pool, start, spawned } = scriptedPool(2, OBEDIENT);
  await pool.shutdown();
  await start();
  expect(spawned).toEqual([]);
});

it('a worker that does not start says why, with its code', async () => {
  const failing = 'say({ kind: "failed", code: "CONFIG_UNREADABLE", message: "no file." });';
  const { start, spawned } = scriptedPool(2, failing);
  expect(await errorOf(start())).toEqual(['CONFIG_UNREADABLE', 'no file.']);
  expect(spawned.length).toBe(1);
});

it.each([
  ['says that it cannot start', 'say({ kind: "failed", code: "COMPONENT_START", message: "taken." });'],
  ['dies', 'throw new Error("out of the blue");'],
  ['is told to shut down', 'on("shutdown", stopped);'],
])('a socket that the first worker listens on is closed when it %s before it runs', async (_, then) => {
  const socket = openSync('/dev/null', 'r');
  const { pool, start, workers } = scriptedPool(2, `listening(${socket}); ${then}`);
  const starting = start().catch(() => undefined);
  await until('the first is there', () => workers.length === 1);
  await once(workers[0]!, 'message');
  expect(isOpen(socket)).toBe(true);
  await Promise.allSettled([pool.shutdown(), starting]);
  expect(isOpen(socket)).toBe(false);
});

it('a worker that does not end in the shutdown is ended: the shutdown fails, and what was lost is logged and counted', async () => {
  const { pool, start, lines, telemetry } = scriptedPool(
    1,
    'queued(7); started(); on("shutdown", () => undefined);',
  );
  await start();
  const error = [
    'COMPONENT_SHUTDOWN',
    'worker 1: it still ran 2000 ms after it was told to drop everything, and was ended.',
  ];
  expect(await errorOf(pool.shutdown(AbortSignal.abort()))).toEqual(error);
  expect(lines.at(-1)).toEqual({
    level: 'error',
    message: 'a worker died in the shutdown; what its queues held is lost',
    fields: { error: expect.objectContaining({ message: error[1] }), worker: 1, queued: 7 },
  });
  expect(telemetry.snapshot()).toMatchObject({ 'otelcol_workers_lost_queue_size{worker="1"}': 7 });
});

it('a worker that dies in the shutdown makes it fail', async () => {
  const script = 'queued(5); started(); on("shutdown", () => { throw new Error("out of the blue"); });';
  const { pool, start, telemetry } = scriptedPool(1, script);
  await start();
  expect(await errorOf(pool.shutdown())).toEqual(['COMPONENT_SHUTDOWN', 'worker 1: out of the blue']);
  expect(telemetry.snapshot()).toMatchObject({ 'otelcol_workers_lost_queue_size{worker="1"}': 5 });
});

it('a worker that dies is replaced, alone again where it is the only one; what it held and took is counted', async () => {
  const script = `${OBEDIENT} on("abort", () => { throw new Error("out of the blue"); });`;
  const { start, spawned, workers, lines, telemetry } = scriptedPool(1, script);
  await start();
  workers[0]!.postMessage({ kind: 'abort' });
  await until('it is replaced', () => spawned.length === 2);
  expect(spawned.map(({ number, isAlone }) => [number, isAlone])).toEqual([
    [1, true],
    [1, true],
  ]);
  expect(lines.at(-1)).toEqual({
    level: 'error',
    message: 'a worker died; what its queues held is lost, and it is replaced after the wait',
    fields: {
      ...{ worker: 1, wait_ms: 500, queued: 7 },
      error: expect.objectContaining({ message: 'out of the blue' }),
    },
  });
  expect(telemetry.snapshot()).toMatchObject({
    'otelcol_workers_deaths{worker="1"}': 1,
    'otelcol_workers_lost_queue_size{worker="1"}': 7,
  });
});

it('a worker that says what cannot be read is replaced: who waits for an answer would wait forever', async () => {
  const { start, spawned, workers, lines } = scriptedPool(1, OBEDIENT);
  await start();
  workers[0]!.emit('messageerror', new Error('it cannot be read'));
  await until('it is replaced', () => spawned.length === 2);
  expect(lines.at(-1)?.fields).toMatchObject({
    error: expect.objectContaining({ message: 'it cannot be read' }),
  });
});

it('a worker that replaces another is measured anew', async () => {
  const script = `queued(1); started(); setInterval(() => queued(1), 100);
    on("shutdown", stopped); on("abort", () => { throw new Error("out of the blue"); });`;
  const { start, spawned, workers, telemetry } = scriptedPool(1, script);
  const name = 'otelcol_workers_utilization{worker="1"}';
  await start();
  await until('the first is measured', () => telemetry.snapshot()[name] !== undefined);
  workers[0]!.postMessage({ kind: 'abort' });
  await until('there is nothing to measure', () => telemetry.snapshot()[name] === undefined);
  await until('it is replaced', () => spawned.length === 2);
  await until('it is measured', () => telemetry.snapshot()[name] !== undefined);
  const share = Number(telemetry.snapshot()[name]);
  expect([share >= 0, share <= 1]).toEqual([true, true]);
});
