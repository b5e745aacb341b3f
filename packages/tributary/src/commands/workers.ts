import module from 'node:module';
import path from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import {
  type LoadedConfig,
  type Logger,
  placeComponents,
  type TelemetryRegistry,
  WorkerPool,
  type WorkerStart,
} from '@tributary/core';

const MIB = 1024 * 1024;
/** A worker's program alone takes a fifth of it. */
const LEAST_HEAP_MIB = 128;

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
  const cache = module.getCompileCacheDir();
  // Node appends a folder for its version to the one that it is given; a worker's appends it again.
  const compileCache = cache === undefined ? undefined : path.dirname(cache);
  // Together the workers may have as large a heap as the main thread; who exceeds it dies alone.
  const heapMib = Math.floor(getHeapStatistics().heap_size_limit / MIB / config.workers);
  const resourceLimits = { maxOldGenerationSizeMb: Math.max(LEAST_HEAP_MIB, heapMib) };
  return new WorkerPool({
    count: config.workers,
    placement,
    logger,
    telemetry,
    spawn: (start) => {
      const workerData: WorkerStart = { ...start, uris, sets, sources, compileCache };
      const name = `worker ${start.number}`;
      return new Worker(new URL('../worker.ts', import.meta.url), { workerData, resourceLimits, name });
    },
  });
}
