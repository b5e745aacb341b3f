import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, caseName } from './cases.ts';
import { type CpuProfile, type ProfileSummary, summarizeProfile } from './hot-functions.ts';
import { requestOf } from './payload.ts';
import { type Contender, startLoad, startServed, startSink } from './pipeline-bench.ts';
import { aligned } from './table.ts';

const PROFILES = path.resolve(import.meta.dirname, '../../.cache/profiles');
const SETTLE_MS = 4000;
const PROFILE_MS = 4000;
const CLIENTS = 8;
const HEAVIEST = 10;

/** What a process did while it was profiled. */
interface Profiled {
  readonly summary: ProfileSummary;
  readonly items: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
}

/**
 * Profiles a contender under the load of a case, without what its start took. Writes the profile, which developer tools
 * of browsers and editors open, and gives the heaviest functions as text.
 */
export async function profileCase(contender: Contender, it: Case): Promise<string> {
  mkdirSync(PROFILES, { recursive: true });
  const file = path.join(PROFILES, `${caseName(it).replaceAll('/', '-')}.cpuprofile`);
  return profileText(caseName(it), file, await profileInto(file, contender, it));
}

async function profileInto(file: string, contender: Contender, it: Case): Promise<Profiled> {
  const { name, argvToAsk } = contender;
  if (argvToAsk === undefined) throw new Error(`${name} cannot be profiled`);
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-'));
  const sink = await startSink(it);
  try {
    const { subject, port } = await startServed(name, argvToAsk, it, sink, folder, true);
    try {
      const load = await startLoad(port, it, requestOf(it, []), CLIENTS);
      await sleep(SETTLE_MS);
      await subject.ask({ ask: 'start-profile' });
      const before = { items: load.acknowledgedItems(), cpu: subject.cpuSeconds() };
      await sleep(PROFILE_MS);
      const items = load.acknowledgedItems() - before.items;
      const cpuSeconds = subject.cpuSeconds() - before.cpu;
      await subject.ask({ ask: 'stop-profile', file });
      load.stop();
      const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
      return { summary: summarizeProfile(profile), items, cpuSeconds };
    } finally {
      await subject.stop();
    }
  } finally {
    sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function profileText(name: string, file: string, { summary, items, cpuSeconds }: Profiled): string {
  const { busyMs, idleMs, garbageMs, nativeMs, functions } = summary;
  const share = (ms: number): string => `${((100 * ms) / busyMs).toFixed(1)} %`;
  // Where others use the CPU too, the main thread's time in the profile is longer than what it had of it.
  const cpuMs = cpuSeconds * 1000;
  const had = Math.min(1, cpuMs / busyMs);
  const perItem = (ms: number): string => ((had * ms * 1e6) / items).toFixed(0);
  const rows = functions
    .slice(0, HEAVIEST)
    .map((it) => [it.name, share(it.selfMs), perItem(it.selfMs), it.place]);
  const others = functions.slice(HEAVIEST).reduce((sum, { selfMs }) => sum + selfMs, 0);
  const table = aligned(
    ['function', 'self time', 'ns/item', 'where'],
    [
      ...rows,
      [`${functions.length - rows.length} other functions`, share(others), perItem(others), ''],
      ['native, outside functions', share(nativeMs), perItem(nativeMs), 'system calls, the event loop'],
      ['garbage collector', share(garbageMs), perItem(garbageMs), 'on the main thread'],
    ],
  );
  const helpers = Math.max(0, cpuMs - busyMs);
  return `${name}, ${((cpuSeconds * 1e9) / items).toFixed(0)} ns of CPU time an item under the profiler

${table}

The main thread was busy ${((100 * busyMs) / (busyMs + idleMs)).toFixed(0)} % of the time; other threads (collector, compiler, zlib's pool) took ${perItem(helpers)} ns/item.
Profile: ${path.relative(process.cwd(), file)}`;
}
