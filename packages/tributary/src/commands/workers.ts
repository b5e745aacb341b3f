import module from 'node:module';
import { Worker } from 'node:worker_threads';
import {
  type LoadedConfig,
  type Logger,
  placeComponents,
  type TelemetryRegistry,
  WorkerPool,
  type WorkerStart,
} from '@tributary/core';

/** What `run` was called with. */
export interface CommandLine {
  readonly configs: readonly string[];
  readonly sets: readonly string[];
}

/** The threads that `service::workers` asks for; undefined for one, or where they would have nothing to do. */
export function createWorkers(
  { config, sources }: LoadedConfig,
  { configs: uris, sets }: CommandLine,
  logger: Logger,
  telemetry: TelemetryRegistry,
): WorkerPool | undefined {
  if (config.workers === 1) return undefined;
  const placement = placeComponents(config);
  if (placement === undefined) {
    logger.warn({}, 'service::workers has no effect: no receiver of a pipeline may be copied');
    return undefined;
  }
  const compileCache = module.getCompileCacheDir();
  return new WorkerPool({
    count: config.workers,
    placement,
    logger,
    telemetry,
    spawn: (start) => {
      const workerData: WorkerStart = { ...start, uris, sets, sources, compileCache };
      return new Worker(new URL('../worker.ts', import.meta.url), {
        workerData,
        name: `worker ${start.number}`,
      });
    },
  });
}
