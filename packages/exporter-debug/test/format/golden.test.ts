import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonBatch } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detailedLines } from '../../src/format/detailed.ts';
import { RecordLines } from '../../src/format/lines.ts';

const TESTDATA = join(import.meta.dirname, '../../testdata');
const timeZone = process.env['TZ'];

// Lines show local time.
beforeAll(() => {
  process.env['TZ'] = 'UTC';
});

afterAll(() => {
  if (timeZone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = timeZone;
});

describe.each(readdirSync(TESTDATA))('%s', (name) => {
  const dir = join(TESTDATA, name);
  const batch = () => jsonBatch(JSON.parse(readFileSync(join(dir, 'input.json'), 'utf8')));

  it.each(['basic', 'normal', 'detailed'] as const)('are printed as %s.txt has it', (verbosity) => {
    const lines =
      verbosity === 'detailed' ? detailedLines(batch()) : new RecordLines(verbosity).lines(batch());
    expectFile(join(dir, `${verbosity}.txt`), `${[...lines].join('\n')}\n`);
  });

  it('never makes a terminal obey', () => {
    const all = [
      ...new RecordLines('basic').lines(batch()),
      ...new RecordLines('normal').lines(batch()),
      ...detailedLines(batch()),
    ];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(all.filter((line) => /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/.test(line))).toEqual([]);
  });
});

/** Compares with a file; with `UPDATE=1` in the environment writes it, to be reviewed. */
function expectFile(path: string, actual: string): void {
  if (process.env['UPDATE'] === '1') writeFileSync(path, actual);
  expect(existsSync(path), `${path} is missing. Run the test with UPDATE=1 and review what it writes.`).toBe(
    true,
  );
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
