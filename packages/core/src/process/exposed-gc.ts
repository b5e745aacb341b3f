import v8 from 'node:v8';
import vm from 'node:vm';

let isKept = false;

/** Gives V8's garbage collector. It is there without `--expose-gc`: the flag is set for the moment of asking. */
export function exposedGc(): NodeJS.GCFunction {
  if (globalThis.gc !== undefined) return globalThis.gc;
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as NodeJS.GCFunction;
  if (!isKept) v8.setFlagsFromString('--no-expose-gc');
  return gc;
}

/**
 * Leaves the flag set, so that each thread that starts from now on has the collector from its beginning: the flag is the process's, and
 * two threads that set it for a moment would take it from each other.
 */
export function keepGcExposed(): void {
  isKept = true;
  v8.setFlagsFromString('--expose-gc');
}

/**
 * Gives back what loading the program left behind in this isolate: 20 MB of new space that V8 would keep although nothing needs it.
 * Costs some 30 ms, once, before the first data.
 */
export function releaseLoadingMemory(): void {
  exposedGc()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
