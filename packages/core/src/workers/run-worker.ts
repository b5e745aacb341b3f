/**
 * What a worker thread does: loads the configuration of the main thread, runs its part of it, and speaks to the main
 * thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Logger } from '../component/logger.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Registry } from '../config/registry.ts';
import { errorText, PipelineError } from '../errors.ts';
import { type DuplicateDescriptor, type SharedAddresses, shareAddresses } from '../net/shared-addresses.ts';
import { Service } from '../pipeline/service.ts';
import { releaseLoadingMemory } from '../process/exposed-gc.ts';
import { joinIsolateTable } from '../process/isolate-memory.ts';
import { TelemetryRegistry } from '../telemetry/registry.ts';
import { watchHeap } from './heap-watch.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { type Entry, entryKey, type Placement, placeComponents } from './placement.ts';
import { portLogger } from './port-logger.ts';
import { TelemetryReporter } from './telemetry-report.ts';
import { Uplink } from './uplink.ts';

/** How often a worker says what its metrics have come to, in milliseconds. */
const REPORT_INTERVAL_MS = 1000;

/** What the program is made of. */
export interface WorkerProgram {
  readonly registry: Registry;
  readonly version: string;
  /** For systems on which workers share a socket. */
  readonly duplicateDescriptor: DuplicateDescriptor;
}

/** Runs a worker until the main thread ends it. Says `failed` if it cannot start. */
export async function runWorker(
  port: MessagePort,
  start: WorkerStart,
  program: WorkerProgram,
): Promise<void> {
  joinIsolateTable(start.isolates, start.number);
  const addresses = shareAddresses({
    isFirst: start.number === 1,
    isAlone: start.isAlone,
    listeners: start.listeners,
    duplicate: program.duplicateDescriptor,
    onFound: (listeners) => say(port, { kind: 'listening', listeners }),
  });
  try {
    const worker = await WorkerService.create(port, start, program);
    await worker.start(addresses);
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : undefined;
    say(port, { kind: 'failed', code, message: errorText(error) });
  }
}

function say(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

class WorkerService {
  readonly #port: MessagePort;
  readonly #logger: Logger;
  readonly #service: Service;
  readonly #uplink: Uplink;
  readonly #reporter: TelemetryReporter;
  readonly #abort = new AbortController();
  #stopping: Promise<void> | undefined;

  private constructor(
    port: MessagePort,
    logger: Logger,
    service: Service,
    uplink: Uplink,
    reporter: TelemetryReporter,
  ) {
    this.#port = port;
    this.#logger = logger;
    this.#service = service;
    this.#uplink = uplink;
    this.#reporter = reporter;
  }

  static async create(port: MessagePort, start: WorkerStart, program: WorkerProgram): Promise<WorkerService> {
    const { uris, sets, sources } = start;
    const { config } = await loadConfig({ uris, sets, sources, registry: program.registry });
    const placement = placeComponents(config);
    if (placement === undefined) throw new Error('no receiver of the configuration may be copied');
    const { level } = config.telemetry.metrics;
    const telemetry = new TelemetryRegistry({ level });
    const logger = portLogger(port, config.telemetry.logs.level);
    process.on('unhandledRejection', (error) => logger.error({ error }, 'unhandled rejection'));
    const uplink = new Uplink(port, telemetry.process());
    const reporter = new TelemetryReporter(telemetry, () =>
      say(port, { kind: 'report', report: reporter.take() }),
    );
    const service = Service.create(config, {
      logger,
      telemetry,
      version: program.version,
      part: { part: placement.worker, cross: crossing(uplink, placement) },
    });
    service.host.onStatus((key, { status, error, timeUnixMs }) => {
      const text = error === undefined ? {} : { error: error.message };
      say(port, { kind: 'status', key, status, timeUnixMs, ...text });
    });
    return new WorkerService(port, logger, service, uplink, reporter);
  }

  async start(addresses: SharedAddresses): Promise<void> {
    this.#port.on('message', (message: ToWorker) => this.#on(message));
    this.#port.on('messageerror', (error: Error) => {
      // Answers are lost: whoever waits for them would wait forever. A worker that dies is replaced.
      throw error;
    });
    // What was counted since the last report would be gone with the worker. An exhausted heap ends it without this.
    process.on('uncaughtExceptionMonitor', () => this.#report());
    try {
      await this.#service.start();
    } catch (error) {
      // A start that ends because of the shutdown is no failure: what had started is still being drained.
      if (this.#stopping === undefined) throw error;
      return;
    }
    for (const endpoint of addresses.unshared) {
      const text = 'one worker alone serves this address: the system does not let several share it';
      this.#logger.warn({ endpoint }, text);
    }
    releaseLoadingMemory();
    watchHeap();
    this.#report();
    setInterval(() => this.#report(), REPORT_INTERVAL_MS);
    say(this.#port, { kind: 'started' });
  }

  #on(message: ToWorker): void {
    switch (message.kind) {
      case 'answers':
        this.#uplink.settle(message.accepted, message.refused);
        break;
      case 'shutdown':
        this.#stopping ??= this.#shutdown();
        break;
      case 'abort':
        this.#abort.abort();
        break;
      default:
        message satisfies never;
    }
  }

  #report(): void {
    say(this.#port, { kind: 'report', report: this.#reporter.take() });
  }

  async #shutdown(): Promise<void> {
    const failure = await this.#service.shutdown(this.#abort.signal).then(() => undefined, errorText);
    this.#report();
    say(this.#port, { kind: 'stopped', ...(failure === undefined ? {} : { error: failure }) });
  }
}

function crossing(uplink: Uplink, { entries }: Placement) {
  const keys = entries.map(entryKey);
  return (entry: Entry, isSole: boolean) => uplink.to(keys.indexOf(entryKey(entry)), isSole);
}
