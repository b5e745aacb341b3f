import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type PluginNames, withNames } from './names.ts';

/** Where the project's own version stands, which all packages share. */
const CORE_MANIFEST = path.join(import.meta.dirname, '../../packages/core/package.json');

/**
 * Writes a plugin package into `parent`; returns its folder. The templates beside this file are real code, which the
 * compiler and the linter check with everything else. Throws if the folder is there already.
 */
export function createPlugin(names: PluginNames, parent: string): string {
  const folder = path.join(parent, names.folder);
  if (existsSync(folder)) {
    throw new Error(`new:plugin: ${folder} is there already. Choose another name, or remove it.`);
  }
  const template = path.join(import.meta.dirname, names.kind);
  for (const file of globSync('**/*.{ts,md}', { cwd: template })) {
    const target = path.join(folder, withNames(file, names));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, withNames(readFileSync(path.join(template, file), 'utf8'), names));
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest(names), null, 2)}\n`);
  return folder;
}

function manifest({ folder }: PluginNames): object {
  const { version } = JSON.parse(readFileSync(CORE_MANIFEST, 'utf8')) as { readonly version: string };
  return {
    name: `@tributary/${folder}`,
    version,
    license: 'Apache-2.0',
    type: 'module',
    exports: { '.': './src/index.ts' },
    dependencies: { '@tributary/core': version },
    devDependencies: { '@tributary/testkit': version },
  };
}
