/** From the command line's `--config` and `--set` to a checked configuration, or to everything that is wrong with it. */
import { z } from 'zod';
import { COMPONENT_KINDS, type ComponentKind } from '../component/factory.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { checkBlock } from './check-block.ts';
import { checkComponents, type DefinedComponents, sectionOf } from './check-components.ts';
import { checkGraph } from './check-graph.ts';
import { checkService } from './check-service.ts';
import { readSources } from './config-sources.ts';
import { ConfigError, type Diagnostic, Diagnostics } from './diagnostic.ts';
import { Expander } from './expand.ts';
import { deepFreeze } from './freeze.ts';
import { type ConfigNode, child } from './node.ts';
import type { Retrieved } from './providers.ts';
import type { Registry } from './registry.ts';
import type { ComponentConfig, ResolvedConfig } from './resolved-config.ts';
import { Source } from './source.ts';

/** Where a configuration comes from, and what it may use. */
export interface LoadConfigOptions {
  /** The values of `--config`, in order: paths, or `file:`, `env:`, `yaml:`, `http:` and `https:` URIs. */
  readonly uris: readonly string[];
  /** The values of `--set`, in order: `a.b.c=value`. They are laid over all of `uris`. */
  readonly sets?: readonly string[];
  /** The components that are built in. It is not changed. */
  readonly registry: Registry;
  /** The working directory, against which paths are resolved. */
  readonly cwd?: string;
  /** The environment variables. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The `sources` of a configuration that was loaded before: all is read from them. */
  readonly sources?: ConfigSources;
}

/** All that a configuration was read from, by what named it; may be sent to another thread. It may hold secrets. */
export type ConfigSources = ReadonlyMap<string, Retrieved>;

/** A configuration that can be run. */
export interface LoadedConfig {
  /** Deeply frozen. */
  readonly config: ResolvedConfig;
  /** What is noteworthy: warnings and information, by source and line. */
  readonly warnings: readonly Diagnostic[];
  /** The built-in components and those of the plugins. */
  readonly registry: Registry;
  /** The full paths of all files that the configuration was read from, each once, for watching. */
  readonly files: readonly string[];
  /** What was read, for another thread to load the very same. */
  readonly sources: ConfigSources;
}

/** The plugins that a configuration names, loaded, whatever else may be wrong with it. */
export interface LoadedPlugins {
  /** The built-in components and those of the plugins that could be loaded. */
  readonly registry: Registry;
  /** What is wrong with the list of plugins, and with the plugins. */
  readonly diagnostics: readonly Diagnostic[];
}

const sectionSchema = z.record(z.string(), z.unknown()).default({});

/** The top of a configuration; each section is looked into by itself. */
const topSchema = z.strictObject({
  receivers: sectionSchema,
  processors: sectionSchema,
  exporters: sectionSchema,
  connectors: sectionSchema,
  extensions: sectionSchema,
  service: sectionSchema,
  plugins: z.array(z.string()).default([]),
});

/**
 * Loads a configuration as the Collector does: reads and merges the sources, substitutes `${…}`, loads the plugins,
 * then checks every component against its schema and every reference. Throws a `ConfigError` that holds all problems
 * (if a source is not YAML: those of all sources, and no others, since what follows from them would mislead).
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const diagnostics = new Diagnostics();
  const { root, configDir, files, registry, sources } = await readConfig(options, diagnostics);
  reportMissingSections(root, diagnostics);
  const defined = checkComponents(root, registry, diagnostics);
  const service = checkService(root, defined, diagnostics);
  checkGraph(service.pipelines, defined, diagnostics);
  if (diagnostics.hasErrors || service.telemetry === undefined) throw new ConfigError(diagnostics.list());
  const config: ResolvedConfig = {
    configDir,
    components: resolvedComponents(defined),
    extensions: service.extensions,
    pipelines: service.pipelines.map(({ id, signal, receivers, processors, exporters }) => ({
      id,
      signal,
      receivers: receivers.map((reference) => reference.id),
      processors: processors.map((reference) => reference.id),
      exporters: exporters.map((reference) => reference.id),
    })),
    telemetry: service.telemetry,
    workers: service.workers,
  };
  freezeConfig(config);
  return { config, warnings: diagnostics.list(), registry, files, sources };
}

/**
 * Loads the plugins that a configuration names without checking anything else, for commands that show what there is
 * (`components`, `schema`). Throws a `ConfigError` only if the configuration cannot be read at all.
 */
export async function loadConfigPlugins(options: LoadConfigOptions): Promise<LoadedPlugins> {
  const diagnostics = new Diagnostics();
  const { registry } = await readConfig(options, diagnostics);
  return { registry, diagnostics: diagnostics.list().filter(({ path }) => /^plugins(?:::|$)/.test(path)) };
}

interface ReadConfig {
  readonly root: ConfigNode;
  readonly configDir: string;
  readonly files: readonly string[];
  readonly registry: Registry;
  readonly sources: ConfigSources;
}

/** Reads, merges, substitutes, and loads plugins. Throws if a source cannot be read. */
async function readConfig(options: LoadConfigOptions, diagnostics: Diagnostics): Promise<ReadConfig> {
  const { uris, sets = [], cwd = process.cwd(), env = process.env } = options;
  const retrieved = new Map(options.sources);
  const context = { cwd, env, retrieved };
  const tree = await readSources(uris, sets, context, diagnostics);
  if (diagnostics.hasErrors) throw new ConfigError(diagnostics.list());
  const expander = new Expander(context, diagnostics);
  const root = await expander.expand(tree.node ?? emptyConfig(uris, cwd));
  checkBlock({ node: root, keyOrigin: root.origin, path: [], owner: 'the schema' }, topSchema, diagnostics);
  const registry = options.registry.clone();
  await loadPlugins(child(root, 'plugins'), registry, diagnostics);
  return {
    root,
    configDir: tree.configDir,
    files: [...new Set([...tree.files, ...expander.files])],
    registry,
    sources: retrieved,
  };
}

function emptyConfig(uris: readonly string[], cwd: string): ConfigNode {
  const source = new Source({ name: uris[0] ?? '', text: '', dir: cwd });
  return { kind: 'map', entries: new Map(), origin: { source, start: 0, end: 0 } };
}

function reportMissingSections(root: ConfigNode, diagnostics: Diagnostics): void {
  const isMissing = (kind: ComponentKind): boolean => {
    const section = child(root, sectionOf(kind));
    return (
      section === undefined ||
      section.kind === 'scalar' ||
      (section.kind === 'map' && section.entries.size === 0)
    );
  };
  const { origin } = root;
  const start = { ...origin, end: origin.start };
  if (COMPONENT_KINDS.every(isMissing)) {
    diagnostics.error(start, [], { message: 'empty configuration file' });
    return;
  }
  for (const kind of ['receiver', 'exporter'] as const) {
    if (isMissing(kind))
      diagnostics.error(start, [], { message: `no ${kind} configuration specified in config` });
  }
}

function resolvedComponents(defined: DefinedComponents): ResolvedConfig['components'] {
  const entries = COMPONENT_KINDS.map((kind) => {
    const components = new Map<string, ComponentConfig>();
    for (const { id, component } of defined[kind].values())
      if (component !== undefined) components.set(id, component);
    return [kind, components] as const;
  });
  return Object.fromEntries(entries) as Record<ComponentKind, Map<string, ComponentConfig>>;
}

/** Freezes everything but the factories, which belong to their packages. */
function freezeConfig(config: ResolvedConfig): void {
  for (const components of Object.values(config.components)) {
    for (const component of components.values()) {
      deepFreeze(component.config);
      Object.freeze(component);
    }
  }
  deepFreeze(config);
}
