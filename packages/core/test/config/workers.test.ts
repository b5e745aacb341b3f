import { availableParallelism } from 'node:os';
import { ConfigError, loadConfig } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { testRegistry } from './factories.ts';

const CONFIG = `receivers: { otlp: {} }
exporters: { nop: {} }
service:
  workers: WORKERS
  pipelines: { traces: { receivers: [otlp], exporters: [nop] } }
`;

async function load(workers: string): Promise<number | string[]> {
  const uris = [`yaml:${CONFIG.replace('WORKERS', workers)}`];
  try {
    return (await loadConfig({ uris, env: {}, registry: testRegistry() })).config.workers;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.diagnostics.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
  }
}

describe('service::workers', () => {
  it.each([
    ['', 1],
    ['1', 1],
    ['8', 8],
    ['256', 256],
    ['auto', availableParallelism()],
  ])('may be %j', async (written, workers) => {
    expect(await load(written)).toBe(workers);
  });

  it.each([
    ['0', 'at least 1, found 0'],
    ['-1', 'at least 1, found -1'],
    ['257', 'at most 256, found 257'],
    ['1e9', 'at most 256, found 1000000000'],
    ['1.5', 'an integer from 1 to 256, or "auto", found 1.5'],
    ['.inf', 'an integer from 1 to 256, or "auto", found Infinity'],
    ['many', 'an integer from 1 to 256, or "auto", found "many"'],
    ['"2"', 'an integer from 1 to 256, or "auto", found "2"'],
    ['[2]', 'an integer from 1 to 256, or "auto"'],
    ['true', 'an integer from 1 to 256, or "auto", found true'],
  ])('may not be %s', async (written, expected) => {
    expect(await load(written)).toEqual([`4: service::workers: expected ${expected}`]);
  });
});
