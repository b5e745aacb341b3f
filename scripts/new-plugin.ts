/**
 * Writes a new plugin package that works as it is, and says what to do next.
 * Usage: npm run new:plugin -- KIND-TYPE [--dir FOLDER]     for example processor-span-metrics
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createPlugin } from './new-plugin/create.ts';
import { type PluginNames, pluginNames } from './new-plugin/names.ts';

const root = path.dirname(import.meta.dirname);

function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { dir: { type: 'string', default: path.join(root, 'packages') } },
  });
  const names = pluginNames(positionals[0]);
  const folder = createPlugin(names, path.resolve(values.dir));
  format(folder);
  console.log(nextSteps(names, path.relative(process.cwd(), folder)));
}

/** Lines and the order of imports depend on the names. */
function format(folder: string): void {
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { status, stderr } = spawnSync(
    process.execPath,
    [biome, 'check', '--write', '--vcs-enabled=false', folder],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`new:plugin: the formatter failed on ${folder}:\n${stderr}`);
}

function nextSteps({ kind, folder, type, camel }: PluginNames, where: string): string {
  const factory = `${camel}${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  return `${where} is a working ${kind} "${type}". Now:
  1. npm install                         makes the package known to the others
  2. npm test -- ${where}   runs its tests
  3. to have it without a plugin line in the configuration:
     - add "@tributary/${folder}" to the dependencies of packages/tributary/package.json
     - add ${factory} to packages/tributary/src/builtin.ts
     - npm run generate                  writes the settings into its README and configs/schema.json
     or name it in a configuration: plugins: ["${where}/src/index.ts"]
  4. replace what it does: src/config.ts, src/${folder.slice(kind.length + 1)}.ts, their tests and the README`;
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
