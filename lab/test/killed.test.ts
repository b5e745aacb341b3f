import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeDownLeftovers } from '../src/index.ts';
import { skipWithoutLab } from './skip-without-lab.ts';
import { isRunning, traces } from './traces.ts';

const PROGRAM = path.join(import.meta.dirname, 'killed-program.ts');

let children: ChildProcess[] = [];
beforeEach(skipWithoutLab);
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  children = [];
});

/** What the program says once its cluster runs: its name and processes, and the pid of its keeper. */
interface Said {
  readonly name: string;
  readonly pids: readonly number[];
  readonly keeper: number;
}

async function startProgram(): Promise<{ child: ChildProcess; said: Said }> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, said: JSON.parse(line) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const tracesOf = (name: string): string[] =>
  traces().filter((trace) => path.basename(trace) === name || path.basename(trace).startsWith(`${name}-`));

it('a cluster whose owner is killed goes away by itself', async () => {
  const { child, said } = await startProgram();
  expect(said.pids.every(isRunning)).toBe(true);
  await kill(child);
  await expect.poll(() => tracesOf(said.name), { timeout: 30_000 }).toEqual([]);
  await expect.poll(() => said.pids.filter(isRunning)).toEqual([]);
});

it('a cluster whose owner and keeper are killed is removed by whoever starts next', async () => {
  const { child, said } = await startProgram();
  process.kill(said.keeper, 'SIGKILL');
  await kill(child);
  // One of these removes it, or another test's start that came first: never two.
  const removals = await Promise.all([takeDownLeftovers(), takeDownLeftovers()]);
  expect(removals.flat().filter((name) => name === said.name).length).toBeLessThan(2);
  await expect.poll(() => tracesOf(said.name), { timeout: 30_000 }).toEqual([]);
  await expect.poll(() => said.pids.filter(isRunning)).toEqual([]);
});

it('a cluster whose owner lives is left alone', async () => {
  const { child, said } = await startProgram();
  expect(await takeDownLeftovers()).not.toContain(said.name);
  expect(said.pids.every(isRunning)).toBe(true);
  await kill(child);
  await expect.poll(() => tracesOf(said.name), { timeout: 30_000 }).toEqual([]);
});
