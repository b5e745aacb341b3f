import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Batch } from '@tributary/core';
import { expect } from 'vitest';
import { batchJson, jsonBatch } from './json-batch.ts';

/** A folder `testdata/<case>` with `input.*` and `expected.json`. */
export interface GoldenCase {
  /** The folder's name. */
  readonly name: string;
  readonly dir: string;
  /** The path of `input.*`. */
  readonly inputPath: string;
  /** The content of `input.*`. */
  input(): Uint8Array;
  /** The content of `input.json`, an OTLP/JSON request. */
  inputBatch(): Batch;
  /**
   * Compares what came out with `expected.json`: batches as OTLP/JSON, anything else as JSON. With `UPDATE=1` in the
   * environment writes the file instead; its diff is reviewed like code. Nothing came out: `[]`.
   */
  expect(actual: Batch | readonly Batch[] | object): void;
}

/** The case in one folder. */
export function golden(dir: string): GoldenCase {
  const inputs = readdirSync(dir).filter((file) => file.startsWith('input.'));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw new Error(`${dir}: expected one input.* (found ${inputs.length}). Keep one input to a case.`);
  }
  const inputPath = join(dir, input);
  const expectedPath = join(dir, 'expected.json');
  return {
    name: dir.split(/[\\/]/).findLast((part) => part !== '') ?? dir,
    dir,
    inputPath,
    input: () => readFileSync(inputPath),
    inputBatch: () => jsonBatch(JSON.parse(readFileSync(inputPath, 'utf8'))),
    expect(actual) {
      const json = toJson(actual);
      if (process.env['UPDATE'] === '1') {
        writeFileSync(expectedPath, `${JSON.stringify(json, null, 2)}\n`);
        return;
      }
      if (!existsSync(expectedPath)) {
        throw new Error(`${expectedPath}: is missing. Run the test with UPDATE=1 and review what it writes.`);
      }
      expect(json).toEqual(JSON.parse(readFileSync(expectedPath, 'utf8')));
    },
  };
}

/** All cases in the folders of `testdata`, by name. Throws if there is none: a test without cases proves nothing. */
export function goldenCases(testdata: string): readonly GoldenCase[] {
  const folders = readdirSync(testdata, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(testdata, name))
    .filter((dir) => readdirSync(dir).some((file) => file.startsWith('input.')));
  if (folders.length === 0) throw new Error(`${testdata}: has no folder with an input.* file.`);
  return folders.sort().map(golden);
}

function toJson(actual: Batch | readonly Batch[] | object): unknown {
  if (actual instanceof Batch) return batchJson(actual);
  if (Array.isArray(actual)) return actual.map((one) => (one instanceof Batch ? batchJson(one) : one));
  return JSON.parse(JSON.stringify(actual));
}
