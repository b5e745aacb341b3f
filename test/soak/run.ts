/** `npm run soak`: prints what the process held at rest, and ends with 1 if it is not what it should be. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from './judge.ts';
import { type AtRest, soak } from './soak.ts';

const HELP = `usage: npm run soak -- [OPTION …]

Clients that come, go, reset, stall, send halves and flood, over gRPC and HTTP, with TLS and without, for a time; at its end the
process must hold what it held before, have counted what it refused, and have served good clients all the while.

  --minutes N   how long, after a warm-up of a twentieth of it (default 60)
  --rounds N    how often the load stops in that time and the process is measured at rest (default 4)
  --rate N      bad clients that begin in a second (default 6)
  --seed N      of what bad clients choose (default 1)
  --only TEXT   only bad clients whose names hold this
  --json FILE   writes all that was measured there
`;

const MINUTE_MS = 60_000;
const MIB = 1024 ** 2;
/** At least so many times memory is written down in a run. */
const SAMPLES = 40;

/** What is held at rest, a line each. */
function table(rests: readonly AtRest[]): string {
  const rows: (readonly [string, (rest: AtRest) => number | string])[] = [
    ['resident MiB', (rest) => mib(rest.rssBytes)],
    ['heap MiB', (rest) => mib(rest.heapBytes)],
    ['heap, resident MiB', (rest) => mib(rest.heapResidentBytes)],
    ['buffers MiB', (rest) => mib(rest.bufferBytes)],
    ['malloc, in use MiB', (rest) => mib(rest.native?.inUseBytes)],
    ['open files', (rest) => rest.openFiles],
  ];
  for (const group of ['objects', 'resources'] as const) {
    for (const name of new Set(rests.flatMap((rest) => Object.keys(rest[group])))) {
      rows.push([name, (rest) => rest[group][name] ?? 0]);
    }
  }
  const head = ['held', 'after the warm-up', ...rests.slice(1).map((_, index) => `after round ${index + 1}`)];
  const lines = [head, head.map(() => '---'), ...rows.map(([name, of]) => [name, ...rests.map(of)])];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const mib = (bytes: number | undefined): string => (bytes === undefined ? '?' : (bytes / MIB).toFixed(2));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '6' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '4' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const durationMs = Number(values.minutes) * MINUTE_MS;
  const result = await soak({
    warmUpMs: Math.max(MINUTE_MS, durationMs / 20),
    durationMs,
    rounds: Number(values.rounds),
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
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(result));
  const { before, rests, peakRssBytes, served, mischief } = result;
  console.log(`${table([before, ...rests])}\n`);
  const times = Object.values(mischief).reduce((sum, count) => sum + count, 0);
  console.log(
    `${times} bad clients of ${Object.keys(mischief).length} kinds; peak ${(peakRssBytes / MIB).toFixed(0)} MiB`,
  );
  console.log(
    `${served.taken} good requests taken, ${served.repeated} at the second time, the longest after ${Math.round(served.longestMs)} ms`,
  );
  const problems = judge(result);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log('nothing is held that was not held before, and nothing was lost or miscounted');
}

await main();
