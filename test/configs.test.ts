import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema, loadConfig, Registry } from '@tributary/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const FOLDER = path.resolve(import.meta.dirname, '../configs');
const files = globSync('*.yaml', { cwd: FOLDER }).toSorted();

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  configSchema(new Registry(BUILTIN_FACTORIES)),
);

/** Those whose plugins the schema of the built-in components does not know. */
const WITH_PLUGINS = new Set(['plugin-example.yaml']);

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

  it.each(files.filter((file) => !WITH_PLUGINS.has(file)))('%s is what editors are told', (file) => {
    validate(parse(readFileSync(path.join(FOLDER, file), 'utf8')));
    expect(validate.errors).toBeNull();
  });
});
