/**
 * `npm run fuzz`: feeds whatever reads the bytes of others on the network, changing what led to something new. Inputs
 * at which something fails are written to .cache/fuzz; `--input FILE --target NAME` runs one again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type FuzzFind, type FuzzTarget, fuzz } from '@tributary/testkit';
import { deflateTarget, ownTarget, zstdTarget } from '../packages/core/test/net/fuzz/compressed.ts';
import {
  answerTarget,
  chunksTarget,
  connectionTarget,
  headTarget,
} from '../packages/core/test/net/http1/fuzz/targets.ts';
import { clientTarget, serverTarget } from '../packages/grpc/test/fuzz/connections.ts';
import { framesTarget, hpackTarget } from '../packages/grpc/test/fuzz/parsers.ts';

const HELP = `usage: npm run fuzz -- [OPTION …]

  --runs N         inputs of all targets together (default 100000)
  --seed N         another seed, other inputs (default: drawn, and printed)
  --target NAME …  only these targets
  --input FILE     runs one input, with the one --target that it is for
`;

const MIB = 1024 ** 2;
const FOLDER = path.resolve(import.meta.dirname, '../.cache/fuzz');

const TARGETS: readonly FuzzTarget[] = [
  hpackTarget,
  framesTarget,
  serverTarget(),
  clientTarget(),
  headTarget,
  chunksTarget,
  answerTarget,
  connectionTarget(),
  deflateTarget,
  zstdTarget,
  ownTarget,
];

function save(target: FuzzTarget, { input, error }: FuzzFind): void {
  mkdirSync(FOLDER, { recursive: true });
  const hash = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = path.join(FOLDER, `${target.name}-${hash}.bin`);
  writeFileSync(file, input);
  const text = error instanceof Error ? error.stack : String(error);
  console.error(`${target.name}: ${text}\n  the input: ${path.relative(process.cwd(), file)}`);
}

async function runOne(target: FuzzTarget, file: string): Promise<void> {
  target.run(readFileSync(file));
  await new Promise((resolve) => setImmediate(resolve));
  await target.check?.();
  console.log(`${target.name}: nothing fails`);
}

async function runAll(targets: readonly FuzzTarget[], runs: number, seed: number): Promise<void> {
  console.log(`seed ${seed}`);
  let found = 0;
  for (const target of targets) {
    const startMs = performance.now();
    const result = await fuzz(target, {
      runs: Math.ceil(runs / targets.length),
      seed,
      onProgress: (line) => console.error(`${line}, ${Math.round(process.memoryUsage.rss() / MIB)} MiB`),
    });
    for (const find of result.finds) save(target, find);
    found += result.finds.length;
    const seconds = (performance.now() - startMs) / 1000;
    console.log(
      `${target.name}: ${result.runs} inputs in ${seconds.toFixed(0)} s, ${result.outcomes} outcomes, ${result.kept} inputs kept, ${result.finds.length} finds`,
    );
  }
  console.log(
    `${found} finds; at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB were resident`,
  );
  if (found > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      target: { type: 'string', multiple: true, default: [] },
      input: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = TARGETS.filter(({ name }) => values.target.length === 0 || values.target.includes(name));
  const [first] = wanted;
  if (values.help || first === undefined)
    console.log(HELP, `\ntargets: ${TARGETS.map(({ name }) => name).join(', ')}`);
  else if (values.input !== undefined) await runOne(first, values.input);
  else await runAll(wanted, Number(values.runs), Number(values.seed));
}

await main();
