import { examineMachine } from '@tributary/bpf';
import type { TestContext } from 'vitest';

const { problems, mayLoadPrograms } = examineMachine();

/**
 * Skips a test with what this machine lacks. A machine on which we are allowed to load programs must have the rest as
 * well: there the test runs, and fails.
 */
export function skipWithoutBpf({ skip }: TestContext): void {
  skip(!mayLoadPrograms, `needs BPF: ${problems.join(' ')}`);
}
