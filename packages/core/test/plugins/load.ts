/**
 * Loads the configurations that the command line names, in a process of its own as the program does: the tests' own
 * runner resolves and transforms modules by itself. Prints what came of each as a JSON list.
 */

import { COMPONENT_KINDS, type Settings } from '../../src/component/factory.ts';
import { ConfigError } from '../../src/config/diagnostic.ts';
import { formatDiagnostic } from '../../src/config/format-diagnostic.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { isPermanent } from '../../src/errors.ts';
import type { Batch } from '../../src/otlp/batch.ts';
import { testRegistry } from '../config/factories.ts';

/** What the tests look at. */
export interface Outcome {
  /** The types that plugins brought, with the plugin: `receiver other (plugin "./other.ts")`. */
  readonly factories: readonly string[];
  /** The settings of the components, by id. */
  readonly configs?: Readonly<Record<string, unknown>>;
  /** Whether the error that the exporter `refusing` throws is permanent to the program. */
  readonly isRefusalPermanent?: boolean;
  readonly diagnostics: readonly string[];
}

async function load(path: string): Promise<Outcome> {
  try {
    const { config, registry, warnings } = await loadConfig({ uris: [path], registry: testRegistry() });
    const factories = COMPONENT_KINDS.flatMap((kind) =>
      registry
        .list(kind)
        .filter(({ origin }) => origin !== 'built in')
        .map(({ factory, origin }) => `${kind} ${factory.type} (${origin})`),
    );
    const components = COMPONENT_KINDS.flatMap((kind) => [...config.components[kind].values()]);
    const configs = Object.fromEntries(components.map((component) => [component.id, component.config]));
    const refusing = config.components.exporter.get('refusing')?.factory;
    const diagnostics = warnings.map((warning) => formatDiagnostic(warning));
    if (refusing?.kind !== 'exporter') return { factories, configs, diagnostics };
    try {
      refusing.create({} as Settings, {}).consume({} as Batch);
      return { factories, configs, diagnostics };
    } catch (error) {
      return { factories, configs, diagnostics, isRefusalPermanent: isPermanent(error) };
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      factories: [],
      diagnostics: error.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)),
    };
  }
}

const outcomes: Outcome[] = [];
for (const path of process.argv.slice(2)) outcomes.push(await load(path));
console.log(JSON.stringify(outcomes));
