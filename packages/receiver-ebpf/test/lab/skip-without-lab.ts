import { examineMachine } from '@tributary/bpf';
import { labProblems } from '@tributary/lab';
import type { TestContext } from 'vitest';

const lab = labProblems();
const { problems, mayLoadPrograms } = examineMachine();

/** Skips a test where the lab cannot run, or where we are not allowed to load BPF programs. */
export function skipWithoutLab({ skip }: TestContext): void {
  skip(lab.length > 0, lab.join(' '));
  skip(!mayLoadPrograms, `needs BPF: ${problems.join(' ')}`);
}
