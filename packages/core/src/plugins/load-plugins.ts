/**
 * Loading the plugins that a configuration lists: paths of .ts and .js files, from the folder of the file that lists
 * them, or names of npm packages. Whatever goes wrong is a diagnostic at the entry of the list; a plugin never ends
 * the process.
 */
import { stat } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Factory } from '../component/factory.ts';
import { listedTexts } from '../config/check-references.ts';
import type { Diagnostics, Problem } from '../config/diagnostic.ts';
import type { ConfigNode } from '../config/node.ts';
import { nearestFile } from '../config/providers.ts';
import type { Registry } from '../config/registry.ts';
import type { Origin } from '../config/source.ts';
import { didYouMean } from '../config/suggest.ts';
import { findFactories } from './find-factories.ts';
import { describeLoadError } from './load-error.ts';
import { installPluginHooks, pluginSpecifier } from './module-hooks.ts';

/** Loads every plugin of the list, adds their factories to the registry, and reports what goes wrong. */
export async function loadPlugins(
  list: ConfigNode | undefined,
  registry: Registry,
  diagnostics: Diagnostics,
): Promise<void> {
  const seen = new Set<string>();
  for (const [index, { text, origin }] of listedTexts(list).entries()) {
    const name = text.trim();
    const report = (problem: Problem): void =>
      diagnostics.error(origin, ['plugins', index], { code: 'PLUGIN_LOAD', ...problem });
    const target = await findPlugin(name, origin, report);
    if (target === undefined || seen.has(target.specifier)) continue;
    seen.add(target.specifier);
    const exports = await importPlugin(name, target.specifier, report);
    if (exports !== undefined) registerFactories(name, exports, registry, report);
  }
}

type Report = (problem: Problem) => void;

/** Says what to import for an entry of the list; reports a path that leads nowhere. */
async function findPlugin(
  name: string,
  { source }: Origin,
  report: Report,
): Promise<{ readonly specifier: string } | undefined> {
  const path = pathOf(name);
  if (path === undefined) return { specifier: pluginSpecifier(name, source.dir) };
  const file = resolve(source.dir, path);
  try {
    await stat(file);
    return { specifier: pathToFileURL(file).href };
  } catch {
    if (isInPackage(name, source.dir)) return { specifier: pluginSpecifier(name, source.dir) };
    const suggestion = await nearestFile(path, [file]);
    const hint = didYouMean(suggestion);
    report({
      message: `plugin "${name}" is not there (no such file: ${file})`,
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(hint === undefined ? {} : { hint }),
    });
    return undefined;
  }
}

/** The path that an entry is, or undefined if it is the name of a package. */
function pathOf(name: string): string | undefined {
  if (name.startsWith('file://') && URL.canParse(name)) return fileURLToPath(name);
  const isPath = isAbsolute(name) || /^\.{1,2}(?:[/\\]|$)/.test(name) || /\.[cm]?[jt]s$/.test(name);
  return isPath ? name : undefined;
}

/** True for `package/file.js` of a package that is installed. */
function isInPackage(name: string, dir: string): boolean {
  if (isAbsolute(name) || name.startsWith('.')) return false;
  try {
    return findPackageJSON(name, pathToFileURL(join(dir, 'config.yaml'))) !== undefined;
  } catch {
    return false;
  }
}

async function importPlugin(
  name: string,
  specifier: string,
  report: Report,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  installPluginHooks();
  try {
    return (await import(specifier)) as Record<string, unknown>;
  } catch (error) {
    report(isMissingPackage(name, error) ? notInstalled(name) : describeLoadError(name, error));
    return undefined;
  }
}

function isMissingPackage(name: string, error: unknown): boolean {
  if (pathOf(name) !== undefined || !(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`Cannot find package '${name}'`);
}

function notInstalled(name: string): Problem {
  return {
    message: `plugin "${name}" is neither a path nor an npm package that can be found from the configuration's folder`,
    hint: `Run npm install ${name} there, or begin a path with ./`,
  };
}

function registerFactories(
  name: string,
  exports: Readonly<Record<string, unknown>>,
  registry: Registry,
  report: Report,
): void {
  const { factories, problems } = findFactories(exports);
  for (const problem of problems)
    report({ message: `plugin "${name}" exports a malformed factory: ${problem}` });
  if (factories.length === 0 && problems.length === 0) {
    const exported = Object.keys(exports).join(', ') || 'nothing';
    report({
      message: `plugin "${name}" exports no factory (it exports ${exported})`,
      hint: 'Export what defineReceiver, defineProcessor, defineExporter, defineConnector or defineExtension returns',
    });
  }
  for (const factory of factories) register(name, factory, registry, report);
}

function register(name: string, factory: Factory, registry: Registry, report: Report): void {
  try {
    registry.add(factory, `plugin "${name}"`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    report({ message: error.message, hint: 'Give one of them another type' });
  }
}
