import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

/** The program's entry. */
export const MAIN = path.resolve(import.meta.dirname, '../bin/tributary.js');

/** How a run of the program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. */
export interface Running {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Waits until a line of standard error (or output) contains `text`; fails with all output when it ends before. */
  saw(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

/** Starts the program with the arguments. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return follow(child);
}

/** Follows a process that was started with piped output. */
export function follow(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    output: () => ({ stdout, stderr }),
    ended,
    saw: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!stdout.includes(text) && !stderr.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        void ended.then(({ code }) =>
          reject(new Error(`ended with ${code} before "${text}":\n${stdout}${stderr}`)),
        );
        look();
      }),
  };
}

/** Runs the program to its end. */
export function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return start(args, env).ended;
}
