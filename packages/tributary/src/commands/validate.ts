import { formatDiagnostic, type Logger, Service, TelemetryRegistry } from '@tributary/core';
import { writeError, writeOut } from '../output.ts';
import { VERSION } from '../version.ts';
import { load } from './load.ts';

/** What components say while they are created but not started is of no use to who validates. */
const silent = () => undefined;
const nopLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/**
 * Checks a configuration and builds its pipelines without starting them. Returns the exit code.
 * @throws PipelineError with everything that is wrong
 */
export async function validate(configs: readonly string[], sets: readonly string[]): Promise<number> {
  const { config, warnings } = await load(configs, sets);
  Service.create(config, {
    logger: nopLogger,
    telemetry: new TelemetryRegistry({ level: 'none' }),
    version: VERSION,
  });
  for (const warning of warnings) writeError(`${formatDiagnostic(warning)}\n`);
  const pipelines = config.pipelines.map((pipeline) => pipeline.id).join(', ');
  const count = config.pipelines.length;
  writeOut(`the configuration is valid: ${count} ${count === 1 ? 'pipeline' : 'pipelines'} (${pipelines})\n`);
  return 0;
}
