import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';
import { echo, PATH, serve } from './dial.ts';
import { BUILD_TIMEOUT_MS, findH2spec } from './h2spec.ts';

/** The last line, and what failed before it. */
function run(binary: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(binary, args, { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => {
      const failures = stdout.split('Failures:')[1];
      resolve(failures?.trim() ?? stdout.trim().split('\n').at(-1) ?? '');
    });
  });
}

it(
  'the conformance suite of HTTP/2 passes whole',
  async ({ skip }) => {
    const found = findH2spec();
    if ('reason' in found) return skip(found.reason);
    const port = await serve(echo, { maxConcurrentStreams: 100 });
    const result = await run(found.binary, ['-h', '127.0.0.1', '-p', String(port), '-P', PATH]);
    expect(result).toBe('145 tests, 145 passed, 0 skipped, 0 failed');
  },
  BUILD_TIMEOUT_MS,
);
