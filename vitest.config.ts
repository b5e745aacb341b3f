import { defineConfig } from 'vitest/config';
import { SkippedReporter } from './scripts/skipped-reporter.ts';

export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'configs/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'lab/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    setupFiles: ['./scripts/property-seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, but on a machine that others keep busy.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', new SkippedReporter()],
  },
});
