import type { TestContext } from 'vitest';
import { labProblems } from '../src/index.ts';

const problems = labProblems();

/** Skips a test with what this machine lacks for the lab. */
export function skipWithoutLab({ skip }: TestContext): void {
  skip(problems.length > 0, problems.join(' '));
}
