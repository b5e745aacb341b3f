import {
  type Diagnostic,
  formatDiagnostic,
  type LoadedConfig,
  type Logger,
  loadConfig,
  loadConfigPlugins,
  Registry,
} from '@tributary/core';
import { UsageError } from '../arguments.ts';
import { BUILTIN_FACTORIES } from '../builtin.ts';
import { writeError } from '../output.ts';

/**
 * Loads the configuration of a command line with the built-in components.
 * @throws UsageError without any `--config`; ConfigError with everything that is wrong
 */
export function load(configs: readonly string[], sets: readonly string[]): Promise<LoadedConfig> {
  if (configs.length === 0) {
    throw new UsageError('at least one config flag must be provided: --config FILE. See tributary --help.');
  }
  return loadConfig({ uris: configs, sets, registry: new Registry(BUILTIN_FACTORIES) });
}

/** The built-in components and, with configurations, those of their plugins; what a plugin lacks is printed. */
export async function loadRegistry(configs: readonly string[], sets: readonly string[]): Promise<Registry> {
  const registry = new Registry(BUILTIN_FACTORIES);
  if (configs.length === 0) return registry;
  const loaded = await loadConfigPlugins({ uris: configs, sets, registry });
  for (const diagnostic of loaded.diagnostics) writeError(`${formatDiagnostic(diagnostic)}\n`);
  return loaded.registry;
}

/** Writes what is noteworthy in a configuration to the log. */
export function printWarnings(warnings: readonly Diagnostic[], logger: Logger): void {
  for (const warning of warnings) {
    if (warning.severity === 'info') logger.info({}, formatDiagnostic(warning));
    else logger.warn({}, formatDiagnostic(warning));
  }
}
