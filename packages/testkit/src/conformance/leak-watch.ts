import { createHook } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** How often and how long to look for what is being closed just now. */
const LOOKS = 100;
const LOOK_INTERVAL_MS = 20;

/** What the test runner and Node keep for themselves, or what ends by itself in the next turn. */
const IGNORED = new Set(['Timeout', 'Immediate', 'MessagePort', 'TickObject', 'PROMISE']);

/**
 * Sees what code under test leaves behind: sockets, servers, files and child processes by comparing what holds the
 * process open, and timers, also those that do not hold it open, by following each from its making to its end. Timers
 * that libraries make for themselves are theirs and not counted.
 */
export class LeakWatch {
  readonly #before = countHandles();
  readonly #timers = new Map<number, string>();
  readonly #hook = createHook({
    init: (asyncId, type) => {
      if (type !== 'Timeout') return;
      const maker = makerOf(new Error().stack ?? '');
      if (maker !== undefined) this.#timers.set(asyncId, maker);
    },
    destroy: (asyncId) => this.#timers.delete(asyncId),
  });

  constructor() {
    this.#hook.enable();
  }

  /** What is left, after a while in which it may end: `timer made at …`, `TCPServerWrap`. Ends the watch. */
  async left(): Promise<readonly string[]> {
    this.#hook.disable();
    const ended = createHook({
      init: () => undefined,
      destroy: (asyncId) => this.#timers.delete(asyncId),
    }).enable();
    try {
      let left = this.#list();
      for (let look = 0; look < LOOKS && left.length > 0; look++) {
        await delay(LOOK_INTERVAL_MS);
        left = this.#list();
      }
      return left;
    } finally {
      ended.disable();
    }
  }

  #list(): readonly string[] {
    const left = [...this.#timers.values()].map((maker) => `timer made ${maker}`);
    for (const [type, count] of countHandles()) {
      for (let more = count - (this.#before.get(type) ?? 0); more > 0; more--) left.push(type);
    }
    return left;
  }
}

function countHandles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!IGNORED.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** The line of a stack that called for a timer, unless a library or the test runner did. */
function makerOf(stack: string): string | undefined {
  const frames = stack.split('\n').slice(1);
  const caller = frames.find((frame) => !frame.includes('node:') && !frame.includes('leak-watch.ts'));
  return caller === undefined || caller.includes('/node_modules/') ? undefined : caller.trim();
}
