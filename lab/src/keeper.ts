/**
 * Takes the cluster down when its owner is killed: a shell, detached, that waits for the end of its input. Only then it
 * becomes the program that removes the cluster, so that it costs next to nothing until then.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from './claim.ts';
import { takeDownLeftovers } from './teardown.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/keep.ts');

/** The input ends a moment before the process does. */
const TRIES = 100;
const PAUSE_MS = 100;

/** Watches over a cluster until it is told that all is removed. */
export interface Keeper {
  dismiss(): void;
}

/** Starts to watch over this process's cluster. */
export function startKeeper(claim: Claim): Keeper {
  const child = spawn(
    'sh',
    ['-c', 'read -r done && exit 0; exec "$@"', 'sh', process.execPath, PROGRAM, claim.name],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  child.stdin.on('error', () => {});
  child.unref();
  return {
    dismiss: () => {
      child.stdin.end('done\n');
    },
  };
}

/** What the shell becomes: removes the cluster of this name once its owner has ended. */
export async function removeWhenOrphaned(name: string): Promise<void> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    if ((await takeDownLeftovers()).includes(name)) return;
    await delay(PAUSE_MS);
  }
}
