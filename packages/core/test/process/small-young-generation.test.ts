import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('../../src/process/small-young-generation.ts', import.meta.url).href;

/** The bytes that V8 has for young objects after very many of them had to be kept, in a process of its own. */
function youngBytes(before: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script(before)]);
  if (stdout.length === 0) throw new Error(String(stderr));
  return Number(stdout);
}

function script(before: string): string {
  return `
    import v8 from 'node:v8';
    import { keepYoungGenerationSmall } from '${MODULE}';
    ${before}
    const kept = [];
    for (let count = 0; count < 2_000_000; count += 1) kept.push({ count });
    console.log(v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
  `;
}

test('the young generation stays small while someone asks for it, and grows again when the last has what he wanted', () => {
  const own = youngBytes('');
  expect(youngBytes('keepYoungGenerationSmall();')).toBeLessThan(own / 8);
  expect(
    youngBytes('const one = keepYoungGenerationSmall(); keepYoungGenerationSmall(); one(); one();'),
  ).toBeLessThan(own / 8);
  // How far it grows depends on when the last collection was.
  expect(youngBytes('keepYoungGenerationSmall()();')).toBeGreaterThan(own / 8);
});
