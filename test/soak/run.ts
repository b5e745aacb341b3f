/** `npm run soak`: prints what the process held before and after, and ends with 1 if it is not what it should be. */
import { parseArgs } from 'node:util';
import { judge } from './judge.ts';
import { type AtRest, soak } from './soak.ts';

const HELP = `usage: npm run soak -- [OPTION …]

Clients that come, go, reset, stall, send halves and flood, over gRPC and HTTP, with TLS and without, for a time; at its end the
process must hold what it held before, have counted what it refused, and have served good clients all the while.

  --minutes N   how long, after a warm-up of a tenth of it (default 60)
  --rate N      bad clients that begin in a second (default 6)
  --seed N      of what bad clients choose (default 1)
  --only TEXT   only bad clients whose names hold this
`;

const MINUTE_MS = 60_000;
const MIB = 1024 ** 2;
/** At least so many times memory is written down in a run. */
const SAMPLES = 40;

/** What is held, a line each. */
function table(before: AtRest, after: AtRest): string {
  const rows: (readonly [string, number | string, number | string])[] = [
    ['resident MiB', mib(before.rssBytes), mib(after.rssBytes)],
    ['heap MiB', mib(before.heapBytes), mib(after.heapBytes)],
    ['heap, resident MiB', mib(before.heapResidentBytes), mib(after.heapResidentBytes)],
    ['buffers MiB', mib(before.bufferBytes), mib(after.bufferBytes)],
    ['malloc, in use MiB', mib(before.native?.inUseBytes), mib(after.native?.inUseBytes)],
    ['open files', before.openFiles, after.openFiles],
  ];
  for (const group of ['objects', 'resources'] as const) {
    for (const name of new Set([...Object.keys(before[group]), ...Object.keys(after[group])])) {
      rows.push([name, before[group][name] ?? 0, after[group][name] ?? 0]);
    }
  }
  return rows.map(([name, ...both]) => `| ${name} | ${both.join(' | ')} |`).join('\n');
}

const mib = (bytes: number | undefined): string => (bytes === undefined ? '?' : (bytes / MIB).toFixed(2));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '6' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const durationMs = Number(values.minutes) * MINUTE_MS;
  const result = await soak({
    warmUpMs: Math.max(30_000, durationMs / 10),
    durationMs,
    mischiefPerSecond: Number(values.rate),
    maxMischief: 500,
    // Longer than the minute after which a call of gRPC that stands still is given up.
    stallMs: 75_000,
    pauseMs: 500,
    seed: Number(values.seed),
    only: values.only,
    sampleMs: Math.min(MINUTE_MS, durationMs / SAMPLES),
    onProgress: (line) => console.error(line),
  });
  const { before, after, peakRssBytes, served, mischief } = result;
  console.log(`| held | before | after |\n| --- | --- | --- |\n${table(before, after)}\n`);
  const times = Object.values(mischief).reduce((sum, count) => sum + count, 0);
  console.log(
    `${times} bad clients of ${Object.keys(mischief).length} kinds; peak ${(peakRssBytes / MIB).toFixed(0)} MiB`,
  );
  console.log(`${served.taken} good requests taken, the longest after ${Math.round(served.longestMs)} ms`);
  const problems = judge(result);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log('nothing is held that was not held before, and nothing was lost or miscounted');
}

await main();
