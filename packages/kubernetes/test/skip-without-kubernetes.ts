import { kubernetesProblems } from '@tributary/lab';
import type { TestContext } from 'vitest';

const problems = kubernetesProblems();

/** Whether there can be an API server here: for hooks, which a skipped test does not keep from running. */
export const hasKubernetes = problems.length === 0;

/** Skips a test with what this machine lacks for an API server. */
export function skipWithoutKubernetes({ skip }: TestContext): void {
  skip(!hasKubernetes, problems.join(' '));
}
