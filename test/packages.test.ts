/**
 * The boundaries between the packages, as docs/architecture.md draws them: who may depend on whom, that what is
 * imported is declared with an exact version, and that every plugin has the same files in the same places.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const KINDS = ['receiver', 'processor', 'connector', 'exporter', 'extension'];

/** The packages of ours that a package may depend on beside core; all others may depend on core alone. */
const ALSO_ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'processor-enrich': ['kubernetes'],
  'receiver-ebpf': ['bpf'],
  'receiver-k8s': ['kubernetes'],
  'receiver-otlp': ['grpc'],
  'exporter-otlp': ['grpc'],
};

/** The lab is for tests: those of any package may use it, and no package depends on it. */
const LAB = '@tributary/lab';

/** What every plugin package has. */
const PLUGIN_FILES = [
  'README.md',
  'src/index.ts',
  'src/factory.ts',
  'src/config.ts',
  'test/conformance.test.ts',
];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const folders = readdirSync(join(ROOT, 'packages'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const plugins = folders.filter((folder) => KINDS.includes(folder.split('-')[0] ?? ''));
const manifests = new Map(folders.map((folder) => [folder, readManifest(join(ROOT, 'packages', folder))]));
const root = readManifest(ROOT);

describe('every package', () => {
  it.each(folders)('%s is named after its folder and has the version of all', (folder) => {
    const { name, version, license, type, exports } = manifest(folder);
    expect({ name, version, license, type, exports }).toEqual({
      name: folder === 'tributary' ? 'tributary' : `@tributary/${folder}`,
      version: manifest('core').version,
      license: 'Apache-2.0',
      type: 'module',
      exports: { '.': './src/index.ts' },
    });
  });

  it.each(folders)('%s names exact versions', (folder) => {
    const { dependencies, devDependencies } = manifest(folder);
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it.each(folders)('%s depends on core, and on others of ours only as the architecture says', (folder) => {
    const { dependencies, devDependencies } = manifest(folder);
    const forbidden = {
      dependencies: ours(dependencies).filter((dependency) => !allowed(folder).includes(dependency)),
      devDependencies: ours(devDependencies).filter((dependency) => dependency !== 'testkit'),
      lab: Object.hasOwn(dependencies ?? {}, LAB),
    };
    expect(forbidden).toEqual({ dependencies: [], devDependencies: [], lab: false });
  });

  it.each(folders)('%s imports only what it declares, and nothing from the folder of another', (folder) => {
    const { name, dependencies, devDependencies } = manifest(folder);
    const ownNames = [name, ...Object.keys(dependencies ?? {})];
    const testNames = [
      ...ownNames,
      ...Object.keys(devDependencies ?? {}),
      ...Object.keys(root.devDependencies ?? {}),
    ];
    const packageDir = join(ROOT, 'packages', folder);
    const undeclared = [
      ...importsBelow(join(packageDir, 'src')).filter((found) => !isDeclared(found, packageDir, ownNames)),
      ...importsBelow(join(packageDir, 'test')).filter((found) => !isDeclared(found, packageDir, testNames)),
    ];
    expect(undeclared.map(({ file, specifier }) => `${relative(ROOT, file)}: ${specifier}`)).toEqual([]);
  });
});

describe('every plugin package', () => {
  it.each(plugins)('%s has the files that all have', (folder) => {
    expect(PLUGIN_FILES.filter((file) => !existsSync(join(ROOT, 'packages', folder, file)))).toEqual([]);
  });
});

it('the lab depends on bpf alone and imports nothing else', () => {
  const dir = join(ROOT, 'lab');
  const { name, version, dependencies, exports } = readManifest(dir);
  expect({ name, version, dependencies, exports }).toEqual({
    name: LAB,
    version: manifest('core').version,
    dependencies: { '@tributary/bpf': manifest('bpf').version },
    exports: { '.': './src/index.ts' },
  });
  const names = [LAB, '@tributary/bpf', ...Object.keys(root.devDependencies ?? {})];
  const undeclared = importsBelow(dir).filter((found) => !isDeclared(found, dir, names));
  expect(undeclared.map(({ file, specifier }) => `${relative(ROOT, file)}: ${specifier}`)).toEqual([]);
});

it('the program has every plugin built in', () => {
  expect(
    ours(manifest('tributary').dependencies)
      .filter((folder) => plugins.includes(folder))
      .sort(),
  ).toEqual([...plugins].sort());
});

function allowed(folder: string): readonly string[] {
  if (folder === 'core') return [];
  if (folder === 'tributary') return folders;
  return ['core', ...(ALSO_ALLOWED[folder] ?? [])];
}

/** The folders of our own packages among dependencies. */
function ours(dependencies: Readonly<Record<string, string>> = {}): readonly string[] {
  return folders.filter((folder) => Object.hasOwn(dependencies, manifest(folder).name));
}

interface Import {
  readonly file: string;
  readonly specifier: string;
}

/** The imports and re-exports, static and dynamic, of the TypeScript files in a folder. */
function importsBelow(dir: string): readonly Import[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => {
      const file = join(dir, path);
      const text = readFileSync(file, 'utf8');
      const statements = text.matchAll(/^(?:import|export)\b(?:[^;'"]*\bfrom)?\s*'([^']+)'/gm);
      const calls = text.matchAll(/\bimport\('([^']+)'\)/g);
      return [...statements, ...calls].map(([, specifier = '']) => ({ file, specifier }));
    });
}

function isDeclared({ file, specifier }: Import, packageDir: string, names: readonly string[]): boolean {
  if (specifier.startsWith('.')) {
    return !relative(packageDir, resolve(dirname(file), specifier)).startsWith('..');
  }
  return isBuiltin(specifier) || names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

function manifest(folder: string): Manifest {
  const found = manifests.get(folder);
  if (found === undefined) throw new Error(`packages/${folder}: has no package.json.`);
  return found;
}

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest;
}
