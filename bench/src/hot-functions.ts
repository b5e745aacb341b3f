import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is used of a profile as V8 writes it (the type `Profiler.Profile` of the inspector's protocol). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node that ran at each sample, and the microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function's own time, without that of what it called. */
export interface HotFunction {
  readonly name: string;
  /** File and line, or where it is native. */
  readonly place: string;
  readonly selfMs: number;
}

/** Where the time of a profile went. */
export interface ProfileSummary {
  /** Of the main thread, in milliseconds. */
  readonly idleMs: number;
  readonly busyMs: number;
  readonly garbageMs: number;
  /** In native code that no JavaScript function is charged with: system calls, the event loop. */
  readonly nativeMs: number;
  /** Heaviest first. */
  readonly functions: readonly HotFunction[];
}

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Sums a profile up by function. */
export function summarizeProfile({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfUs = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    // A sample's time is that until the next one.
    const lasted = timeDeltas[index + 1] ?? 0;
    if (frame === undefined) continue;
    const key = `${frame.functionName || '(anonymous)'}\n${placeOf(frame.url, frame.lineNumber)}`;
    selfUs.set(key, (selfUs.get(key) ?? 0) + lasted);
  }
  const all = [...selfUs].map(([key, us]) => {
    const [name = '', place = ''] = key.split('\n');
    return { name, place, selfMs: us / 1000 };
  });
  const timeOf = (name: string): number =>
    all.filter((it) => it.name === name).reduce((sum, { selfMs }) => sum + selfMs, 0);
  const totalMs = all.reduce((sum, { selfMs }) => sum + selfMs, 0);
  return {
    idleMs: timeOf('(idle)'),
    busyMs: totalMs - timeOf('(idle)'),
    garbageMs: timeOf('(garbage collector)'),
    nativeMs: timeOf('(program)') + timeOf('(root)'),
    functions: all.filter(({ name }) => !META.has(name)).sort((a, b) => b.selfMs - a.selfMs),
  };
}

const META: ReadonlySet<string> = new Set(['(idle)', '(program)', '(root)', '(garbage collector)']);

function placeOf(url: string, lineNumber: number): string {
  if (url === '') return 'native';
  const file = url.startsWith('file:') ? path.relative(ROOT, fileURLToPath(url)) : url;
  // Lines are counted from 0 in a profile.
  return `${file}:${lineNumber + 1}`;
}
