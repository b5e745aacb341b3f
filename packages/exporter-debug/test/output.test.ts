import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { openOutput, StreamOutput } from '../src/output.ts';

const dirs: string[] = [];

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'exporter-debug-'));
  dirs.push(dir);
  return dir;
}

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

describe('an output', () => {
  it('takes text without a promise while there is room', () => {
    expect(new StreamOutput('pipe', new PassThrough(), true).write('a')).toBeUndefined();
  });

  it('makes writers wait for a slow reader', async () => {
    const stream = new PassThrough({ highWaterMark: 4 });
    const output = new StreamOutput('pipe', stream, true);
    const written: number[] = [];
    const waits = [1, 2].map((number) =>
      Promise.resolve(output.write('abcd')).then(() => written.push(number)),
    );
    await new Promise(setImmediate);
    expect(written).toEqual([]);
    stream.resume();
    await Promise.all(waits);
    expect(written).toEqual([1, 2]);
  });

  it('lets everybody go and says why when it breaks, also after that', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const output = new StreamOutput('pipe', stream, true);
    const wait = output.write('abcd');
    stream.destroy(new Error('write EPIPE'));
    await wait;
    expect(output.failure).toEqual(new Error('write EPIPE'));
    expect(output.write('more')).toBeUndefined();
    await output.close();
  });

  it('does not end a stream that is not its own', async () => {
    const stream = new PassThrough();
    await new StreamOutput('stdout', stream, false).close();
    expect(stream.writable).toBe(true);
  });

  it('appends to files, relative to the configuration', async () => {
    const dir = temporaryDir();
    for (const text of ['one\n', 'two\n']) {
      const output = openOutput('out.txt', dir, 'exporters::debug');
      output.write(text);
      await output.close();
    }
    expect(readFileSync(join(dir, 'out.txt'), 'utf8')).toBe('one\ntwo\n');
  });

  it('says which file cannot be opened', () => {
    const dir = temporaryDir();
    expect(() => openOutput('missing/out.txt', dir, 'exporters::debug')).toThrow(
      `exporters::debug::output_paths: cannot be opened ("${join(dir, 'missing/out.txt')}": ENOENT). Name a file in a ` +
        'folder that exists and may be written to.',
    );
  });
});
