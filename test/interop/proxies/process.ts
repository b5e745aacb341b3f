/** Processes of tests, and ports for them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a proxy may take to start. It passes only in failures. */
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;
const LOOK_MS = 20;

/** A process, and what it said. */
export interface Running {
  readonly child: ChildProcess;
  /** Waits until `isReady` holds; rejects with what the process said if it ends before. */
  until(isReady: () => boolean | Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a process. */
export function run(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let isOver = false;
  child.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-10_000);
  });
  const exit = once(child, 'exit').finally(() => {
    isOver = true;
  });
  exit.catch(() => undefined);
  return {
    child,
    async until(isReady) {
      const end = performance.now() + START_LIMIT_MS;
      while (!(await isReady())) {
        if (isOver || performance.now() > end) throw new Error(`${command} did not get ready: ${said}`);
        await sleep(LOOK_MS);
      }
    },
    async stop() {
      if (isOver) return;
      // A proxy that is told to end takes its workers along.
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exit;
      clearTimeout(timer);
    },
  };
}

/** Whether something listens on a port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
