import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { golden, goldenCases, numberedBatch } from '@tributary/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';

const testdata = join(import.meta.dirname, '../testdata/golden');

describe('golden cases', () => {
  it('are the folders with an input, by name', () => {
    expect(goldenCases(testdata).map(({ name }) => name)).toEqual(['dropped', 'kept']);
  });

  it.each(goldenCases(testdata))('compare what came out with what was expected: $name', (one) => {
    one.expect(one.name === 'dropped' ? [] : [one.inputBatch()]);
  });

  it('fail when something else comes out', () => {
    const kept = golden(join(testdata, 'kept'));
    expect(() => kept.expect([])).toThrow();
    expect(() => kept.expect([numberedBatch('logs', [1])])).toThrow();
  });

  it('give the input as bytes', () => {
    const kept = golden(join(testdata, 'kept'));
    expect(Buffer.from(kept.input()).toString()).toBe(readFileSync(kept.inputPath, 'utf8'));
  });
});

describe('a golden case in a folder of its own', () => {
  const dir = mkdtempSync(join(tmpdir(), 'golden-'));
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is written with UPDATE=1, and then compared', () => {
    cpSync(join(testdata, 'kept/input.json'), join(dir, 'input.json'));
    const one = golden(dir);
    expect(() => one.expect([one.inputBatch()])).toThrow(
      new Error(
        `${join(dir, 'expected.json')}: is missing. Run the test with UPDATE=1 and review what it writes.`,
      ),
    );
    vi.stubEnv('UPDATE', '1');
    one.expect([one.inputBatch()]);
    vi.unstubAllEnvs();
    one.expect([one.inputBatch()]);
    expect(readFileSync(join(dir, 'expected.json'), 'utf8')).toBe(
      readFileSync(join(testdata, 'kept/expected.json'), 'utf8'),
    );
  });

  it('needs an input', () => {
    expect(() => golden(testdata)).toThrow(
      new Error(`${testdata}: expected one input.* (found 0). Keep one input to a case.`),
    );
    expect(() => goldenCases(join(testdata, 'kept'))).toThrow(
      new Error(`${join(testdata, 'kept')}: has no folder with an input.* file.`),
    );
  });
});
