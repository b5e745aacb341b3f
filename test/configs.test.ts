import { globSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, Registry } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const FOLDER = path.resolve(import.meta.dirname, '../configs');
const files = globSync('*.yaml', { cwd: FOLDER }).toSorted();

describe('the configurations in configs/', () => {
  it('are there', () => {
    expect(files).toContain('flows.yaml');
  });

  it.each(files)('%s is valid, without a warning', async (file) => {
    const { config, warnings } = await loadConfig({
      uris: [path.join(FOLDER, file)],
      registry: new Registry(BUILTIN_FACTORIES),
      env: {},
    });
    expect(config.pipelines.length).toBeGreaterThan(0);
    expect(warnings).toStrictEqual([]);
  });
});
