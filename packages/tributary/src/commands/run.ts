import {
  keepFreedMemory,
  type LoadedConfig,
  type Logger,
  registerProcessMetrics,
  releaseLoadingMemory,
  Service,
  TelemetryRegistry,
} from '@tributary/core';
import { createLogger } from '../telemetry/logger.ts';
import { type MetricsExport, startMetrics } from '../telemetry/metrics.ts';
import { telemetryResource } from '../telemetry/resource.ts';
import { VERSION } from '../version.ts';
import { load, printWarnings } from './load.ts';
import { type CommandLine, createWorkers } from './workers.ts';

/** How long components may take to hand on what they hold when the process is told to stop. */
const DRAIN_TIMEOUT_MS = 30_000;
/** A signal that comes twice within this time is one: a terminal and a parent process both send it. */
const SAME_SIGNAL_MS = 500;

/** Waits for the first reason to stop; a second signal ends the process at once. */
function stopReason(fatal: Promise<string>): Promise<{ reason: string; exitCode: number }> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstMs === undefined) {
        firstMs = Date.now();
        resolve({ reason: signal, exitCode: 0 });
      } else if (Date.now() - firstMs > SAME_SIGNAL_MS) {
        process.exit(1);
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    void fatal.then((reason) => resolve({ reason, exitCode: 1 }));
  });
}

async function shutDown(service: Service, metrics: MetricsExport, logger: Logger): Promise<boolean> {
  try {
    await service.shutdown(AbortSignal.timeout(DRAIN_TIMEOUT_MS));
    return true;
  } catch (error) {
    logger.error({ error }, 'the shutdown was not clean');
    return false;
  } finally {
    await metrics.shutdown().catch((error: unknown) => {
      logger.warn({ error }, 'the last metrics were not sent');
    });
  }
}

async function runService(
  loaded: LoadedConfig,
  commandLine: CommandLine,
  logger: Logger,
  resource: ReturnType<typeof telemetryResource>,
) {
  const { config } = loaded;
  const telemetry = new TelemetryRegistry({ level: config.telemetry.metrics.level });
  registerProcessMetrics(telemetry);
  const fatal = Promise.withResolvers<string>();
  const stopping = stopReason(fatal.promise);
  const workers = createWorkers(loaded, commandLine, logger, telemetry);
  const service = Service.create(config, {
    logger,
    telemetry,
    version: VERSION,
    ...(workers === undefined ? {} : { workers }),
    onFatal: (id, error) => fatal.resolve(`${id}: ${error.message}`),
  });
  const metrics = await startMetrics(config.telemetry.metrics, resource, telemetry);
  logger.info({ version: VERSION, pid: process.pid, node: process.version }, 'starting');
  // A signal that comes while the service starts ends the start; the shutdown then undoes what was done.
  const started = service.start();
  const early = await Promise.race([started.then(() => undefined), stopping]).catch(
    async (error: unknown) => {
      await metrics.shutdown().catch(() => undefined);
      throw error;
    },
  );
  if (early === undefined) {
    releaseLoadingMemory();
    keepFreedMemory();
    logger.info(
      metrics.addresses.length === 0
        ? {}
        : { metrics: metrics.addresses.map((address) => `http://${address}/metrics`) },
      'everything is ready',
    );
  } else {
    started.catch(() => undefined);
  }
  const { reason, exitCode } = early ?? (await stopping);
  logger.info({ reason }, 'shutting down');
  const isClean = await shutDown(service, metrics, logger);
  logger.info({}, 'stopped');
  return isClean ? exitCode : 1;
}

/**
 * Runs a configuration until a signal or a fatal error. Returns the exit code: 0 after SIGTERM or SIGINT, when
 * everything that was under way was handed on.
 * @throws PipelineError when the configuration is wrong or something does not start
 */
export async function run(configs: readonly string[], sets: readonly string[]): Promise<number> {
  const loaded = await load(configs, sets);
  const { config, warnings } = loaded;
  const resource = telemetryResource(config.telemetry.resource, VERSION);
  const logger = createLogger(config.telemetry.logs, resource);
  printWarnings(warnings, logger);
  process.on('uncaughtException', (error) => {
    // What reaches this is a defect of ours or of a plugin; the pipelines go on, since other data does not suffer.
    logger.error({ error }, 'uncaught exception');
  });
  process.on('unhandledRejection', (error) => {
    logger.error({ error }, 'unhandled rejection');
  });
  return runService(loaded, { configs, sets }, logger, resource);
}
