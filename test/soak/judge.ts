import type { MemorySample } from './memory-log.ts';
import type { AtRest, SoakResult } from './soak.ts';

const MIB = 1024 ** 2;
/**
 * What the heap may have grown by: code that V8 compiled and kept meanwhile, of paths that the warm-up did not take
 * often. A leak of 100 bytes a bad client is twice that in an hour.
 */
const HEAP_TOLERANCE_BYTES = MIB;
/**
 * What malloc may have handed out more. What a thread has freed and keeps at hand counts as in use: with glibc up to
 * seven blocks of each of 64 sizes, a quarter of a megabyte, for each of some ten threads.
 */
const NATIVE_TOLERANCE_BYTES = 2 * MIB;
/**
 * What resident memory under load may be more in the last quarter than in the one before it: what V8 and malloc keep
 * differs with what was under way. What is kept for good shows in the figures above; this is for what neither tells of.
 */
const PLATEAU_TOLERANCE = 0.05;

/**
 * The share of requests that may be sent again because their connection was closed as it was used again: good clients
 * pause for less than a tenth of the time after which the server closes idle ones, and are late only where the machine
 * is busy.
 */
const REPEATED_TOLERANCE = 0.01;
/** Fewer samples of memory say nothing of quarters. */
const LEAST_SAMPLES = 8;

/** Everything that is not as it should be after a soak, in words. */
export function judge(result: SoakResult, options: { readonly isShort?: boolean } = {}): string[] {
  const { before, rests, samples, served, findings } = result;
  const after = rests.at(-1) as AtRest;
  const problems = [...findings];
  for (const failure of served.failures) problems.push(`a good client was not served: ${failure}`);
  if (served.lost > 0) problems.push(`${served.lost} requests were acknowledged and are not at the backend`);
  if (served.taken === 0) problems.push('no good client was served');
  if (served.repeated > served.taken * REPEATED_TOLERANCE) {
    problems.push(`${served.repeated} of ${served.taken} requests found their connection closed`);
  }
  problems.push(...moreThings(before, after));
  return options.isShort === true
    ? problems
    : [...problems, ...moreMemory(before, after), ...climbs(samples)];
}

/** Things, which are counted: there may not be one more. */
function moreThings(before: AtRest, after: AtRest): string[] {
  const problems: string[] = [];
  if (after.openFiles > before.openFiles) {
    problems.push(`${after.openFiles} files are open, ${before.openFiles} were`);
  }
  for (const group of ['objects', 'resources'] as const) {
    for (const [name, count] of Object.entries(after[group])) {
      const was = before[group][name] ?? 0;
      if (count > was) problems.push(`${count} ${name} are held, ${was} were`);
    }
  }
  return problems;
}

/** Memory in use at rest, which is where it was. */
function moreMemory(before: AtRest, after: AtRest): string[] {
  const problems: string[] = [];
  if (after.heapBytes > before.heapBytes + HEAP_TOLERANCE_BYTES) {
    problems.push(`the heap has ${mib(after.heapBytes)} MiB, it had ${mib(before.heapBytes)}`);
  }
  const [native, nativeBefore] = [after.native, before.native];
  if (native && nativeBefore && native.inUseBytes > nativeBefore.inUseBytes + NATIVE_TOLERANCE_BYTES) {
    problems.push(
      `${mib(native.inUseBytes)} MiB of malloc's are in use, ${mib(nativeBefore.inUseBytes)} were`,
    );
  }
  return problems;
}

/** Resident memory under load, which stands still. */
function climbs(samples: readonly MemorySample[]): string[] {
  if (samples.length < LEAST_SAMPLES)
    return [`memory was written down ${samples.length} times, which is too few`];
  const quarter = Math.floor(samples.length / 4);
  const [third, last] = [samples.slice(-2 * quarter, -quarter), samples.slice(-quarter)].map(meanRss);
  return last! > third! * (1 + PLATEAU_TOLERANCE)
    ? [`${mib(last!)} MiB were resident in the last quarter, ${mib(third!)} in the one before`]
    : [];
}

const meanRss = (samples: readonly MemorySample[]): number =>
  samples.reduce((sum, { rssBytes }) => sum + rssBytes, 0) / Math.max(1, samples.length);

const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
