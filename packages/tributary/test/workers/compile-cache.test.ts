import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { RECEIVERS, startProgram, testFolder } from './program.ts';

const YAML = `${RECEIVERS}
exporters: { nop: {} }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [nop] }
`;

it('the compiled code of workers is kept beside that of the main thread, not inside', async () => {
  const folder = testFolder();
  const env = { XDG_CACHE_HOME: path.join(folder, 'cache'), NODE_COMPILE_CACHE: undefined };
  mkdirSync(env.XDG_CACHE_HOME);
  const { running } = await startProgram(folder, YAML, 2, env);
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  const kept = path.join(env.XDG_CACHE_HOME, 'tributary', 'compiled');
  const versions = readdirSync(kept);
  const entries = versions.flatMap((version) =>
    readdirSync(path.join(kept, version), { withFileTypes: true }),
  );
  expect({
    // One for the flags of V8 that the main thread begins with, and at most one for the workers'.
    hasVersions: versions.length === 1 || versions.length === 2,
    folders: entries.filter((entry) => entry.isDirectory()).length,
    hasFiles: entries.length > 100,
  }).toEqual({ hasVersions: true, folders: 0, hasFiles: true });
});
