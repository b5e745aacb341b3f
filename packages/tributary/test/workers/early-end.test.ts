/** The program with workers is told to end while a worker still starts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Running, start } from '../run-cli.ts';
import { RECEIVERS, testFolder, until } from './program.ts';

/**
 * A processor of which the copy with a certain number takes its time to start, while the first dies when it is told, and an
 * exporter that takes its time to shut down. Each writes a letter when it begins to start, or has ended.
 */
const PLUGIN = `import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { defineExporter, defineProcessor, z } from '@tributary/core';

const shared = { description: 'Is slow.', signals: { traces: 'development' }, isCopyable: true };

export const slowStart = defineProcessor({
  ...shared,
  type: 'slow_start',
  configSchema: z.strictObject({ begun: z.string(), explode: z.string(), slow: z.int() }),
  create: (settings, { begun, explode, slow }, next) => ({
    mutatesData: false,
    start: async () => {
      appendFileSync(begun, 'x');
      const number = readFileSync(begun).length;
      if (number === 1) setInterval(() => { if (existsSync(explode)) throw new Error('as told'); }, 20).unref();
      if (number === slow) await wait(1000);
    },
    consume: (batch) => next.consume(batch),
  }),
});

export const slowEnd = defineExporter({
  ...shared,
  type: 'slow_end',
  configSchema: z.strictObject({ ended: z.string() }),
  create: (settings, { ended }) => ({
    consume: () => undefined,
    shutdown: async () => { await wait(500); appendFileSync(ended, 'x'); },
  }),
});
`;

/** Runs it with two workers; `slow` is the number of the copy that starts slowly. */
function run(slow: number) {
  const folder = testFolder(new Map([['slow.ts', PLUGIN]]));
  const [begun = '', ended = '', explode = ''] = ['begun', 'ended', 'explode'].map((name) =>
    path.join(folder, name),
  );
  const file = path.join(folder, 'config.yaml');
  writeFileSync(
    file,
    `plugins: [./slow.ts]
${RECEIVERS}
processors: { slow_start: { begun: ${begun}, explode: ${explode}, slow: ${slow} } }
exporters: { slow_end: { ended: ${ended} } }
service:
  workers: 2
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], processors: [slow_start], exporters: [slow_end] }
`,
  );
  const running: Running = start([`--config=${file}`]);
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  const letters = (path: string): number => (existsSync(path) ? readFileSync(path).length : 0);
  return { running, explode, begun: () => letters(begun), ended: () => letters(ended) };
}

it('the first: it is drained, no other is started, and the end is clean', async () => {
  const { running, begun, ended } = run(1);
  await until('the worker starts', () => begun() === 1);
  running.child.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  expect([code, begun(), ended(), stderr.includes('workers are running')]).toEqual([0, 1, 1, false]);
});

it('one that replaces another: what had started in it is drained as well, and the end is clean', async () => {
  const { running, explode, begun, ended } = run(3);
  await running.saw('everything is ready');
  writeFileSync(explode, '');
  await until('the other starts', () => begun() === 3);
  running.child.kill('SIGTERM');
  const { code } = await running.ended;
  expect([code, ended()]).toEqual([0, 2]);
});
