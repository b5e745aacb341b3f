import v8 from 'node:v8';
import vm from 'node:vm';

/** Gives V8's garbage collector. It is there without `--expose-gc`: the flag is set for the moment of asking. */
export function exposedGc(): NodeJS.GCFunction {
  if (globalThis.gc !== undefined) return globalThis.gc;
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as NodeJS.GCFunction;
  v8.setFlagsFromString('--no-expose-gc');
  return gc;
}
