import type { SoakResult } from './soak.ts';

const MIB = 1024 ** 2;
/**
 * What the heap may have grown by: code that V8 compiled and kept meanwhile, of paths that the warm-up did not take often. A leak of
 * 100 bytes a bad client is twice that in an hour.
 */
const HEAP_TOLERANCE_BYTES = MIB;
/**
 * What resident memory may have grown by: the allocator's and V8's free pages, of which neither promises to give any back. It is a
 * bound against what no other figure shows, such as buffers of OpenSSL's.
 */
const RSS_TOLERANCE = 0.25;

/** Everything that is not as it should be after a soak, in words. */
export function judge(result: SoakResult, options: { readonly isShort?: boolean } = {}): string[] {
  const { before, after, served, findings } = result;
  const problems = [...findings];
  for (const failure of served.failures) problems.push(`a good client was not served: ${failure}`);
  if (served.lost > 0) problems.push(`${served.lost} requests were acknowledged and are not at the backend`);
  if (served.taken === 0) problems.push('no good client was served');
  if (after.openFiles > before.openFiles) {
    problems.push(`${after.openFiles} files are open, ${before.openFiles} were`);
  }
  for (const [name, count] of Object.entries(after.objects)) {
    const was = before.objects[name] ?? 0;
    if (count > was) problems.push(`${count} ${name} are held, ${was} were`);
  }
  if (options.isShort === true) return problems;
  if (after.heapBytes > before.heapBytes + HEAP_TOLERANCE_BYTES) {
    problems.push(`the heap has ${mib(after.heapBytes)} MiB, it had ${mib(before.heapBytes)}`);
  }
  if (after.rssBytes > before.rssBytes * (1 + RSS_TOLERANCE)) {
    problems.push(`${mib(after.rssBytes)} MiB are resident, ${mib(before.rssBytes)} were`);
  }
  return problems;
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
