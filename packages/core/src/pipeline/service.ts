import type { Component, Consumer, Host } from '../component/component.ts';
import type { Logger } from '../component/logger.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { Context } from '../context/context.ts';
import { registerContextMetrics } from '../context/context-metrics.ts';
import { errorText, PipelineError } from '../errors.ts';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import { MergedStatus } from '../workers/merged-status.ts';
import type { Entry, GraphPart } from '../workers/placement.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { buildGraph, type Graph } from './graph.ts';
import { heeding, type Instance } from './instance.ts';
import { StatusBoard } from './status-board.ts';

/** The present states of all components, and whoever is told of their changes. */
type Statuses = Pick<StatusBoard, 'events' | 'subscribe'>;

/** What the program gives a service. */
export interface ServiceOptions {
  readonly logger: Logger;
  readonly telemetry: TelemetryRegistry;
  /** The version of the running program. */
  readonly version: string;
  /** Called once, when a component reports `fatal_error`: the program should shut the service down and exit. */
  readonly onFatal?: (key: string, error: Error) => void;
  /** The threads that run what may be copied; this one runs the rest. */
  readonly workers?: WorkerPool;
  /** In a worker: its part of the configuration, and the way to the rest. */
  readonly part?: WorkerPart;
}

/** What a worker runs. */
export interface WorkerPart {
  readonly part: GraphPart;
  readonly cross: (entry: Entry, isSole: boolean) => Consumer;
}

/**
 * A configuration at work: its components, wired, with one life. `create`, then `start` once, then `shutdown`.
 */
export class Service {
  /** What the components see of the service. */
  readonly host: Host;
  readonly #graph: Graph;
  readonly #logger: Logger;
  readonly #closeMetrics: () => void;
  readonly #workers: WorkerPool | undefined;
  /** The states of the components, of all threads. */
  readonly #status: Statuses;
  /** What was started, or tried to, in that order; emptied by the shutdown. */
  readonly #running: Instance[] = [];
  #isReady = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(graph: Graph, status: Statuses, options: ServiceOptions, closeMetrics: () => void) {
    this.#graph = graph;
    this.#status = status;
    this.#logger = options.logger;
    this.#workers = options.workers;
    this.#closeMetrics = closeMetrics;
    this.host = this.#createHost(graph.extensions);
  }

  /**
   * Creates the components and wires them; starts nothing and opens nothing, so that it also serves to validate.
   * Throws a `PipelineError`, see `buildGraph`.
   */
  static create(config: ResolvedConfig, options: ServiceOptions): Service {
    const { logger, telemetry, version, onFatal, workers } = options;
    const board = new StatusBoard(logger);
    const context = new Context();
    const part = workers === undefined ? options.part : { part: workers.placement.main };
    const graph = buildGraph(config, { logger, registry: telemetry, board, version, context, ...part });
    const status = workers === undefined ? board : new MergedStatus();
    if (status instanceof MergedStatus) board.subscribe((key, event) => status.update(0, key, event));
    if (onFatal !== undefined) {
      const unsubscribe = status.subscribe((key, { status, error }) => {
        if (status !== 'fatal_error') return;
        unsubscribe();
        onFatal(key, error ?? new Error(`${key} reported a fatal error.`));
      });
    }
    return new Service(graph, status, options, registerContextMetrics(telemetry, context));
  }

  /**
   * Starts the components one after the other, extensions first and receivers last, then the workers. If one does not start, shuts
   * down what was started and rejects with `COMPONENT_START`; if `shutdown` is called meanwhile, with `SHUTDOWN`.
   */
  start(): Promise<void> {
    this.#starting ??= this.#startAll();
    return this.#starting;
  }

  /**
   * Shuts the components down in the opposite order, so that each drains into what is still running, and goes on
   * when one fails; rejects with `COMPONENT_SHUTDOWN` that names all that failed. When `signal` aborts, components
   * drop (and count) what they still have. Repeated calls give the first one's result.
   */
  shutdown(signal?: AbortSignal): Promise<void> {
    this.#isReady = false;
    this.#workers?.stopStarting();
    this.#stopping ??= this.#shutdownAll(signal);
    return this.#stopping;
  }

  async #startAll(): Promise<void> {
    for (const instance of this.#graph.instances) {
      if (this.#stopping !== undefined) {
        throw new PipelineError('SHUTDOWN', 'service: it was told to shut down while it started.');
      }
      // Also one that fails to start is shut down: it may have opened a part of what it needs.
      this.#running.push(instance);
      await this.#orDrain(instance.start(this.host));
    }
    if (this.#stopping === undefined) await this.#orDrain(this.#startWorkers());
    this.#isReady = this.#stopping === undefined;
  }

  async #startWorkers(): Promise<void> {
    const status = this.#status;
    if (this.#workers === undefined || !(status instanceof MergedStatus)) return;
    const entries = this.#workers.placement.entries.map((entry) => this.#graph.entry(entry));
    await this.#workers.start({ entries, status });
  }

  /** Waits for a part of the start; if it fails, shuts down what was started. */
  async #orDrain(started: Promise<void>): Promise<void> {
    try {
      await started;
    } catch (error) {
      for (const failure of await this.#drain()) {
        this.#logger.error(
          { error: errorText(failure) },
          'component did not shut down after the failed start',
        );
      }
      throw error;
    }
  }

  async #shutdownAll(signal: AbortSignal | undefined): Promise<void> {
    const started = this.#starting?.catch(() => undefined);
    if (started !== undefined) await heeding(signal, started).catch(() => undefined);
    const failures = await this.#drain(signal);
    for (const instance of this.#graph.instances) instance.close();
    this.#closeMetrics();
    if (failures.length === 0) return;
    const message = failures.map(errorText).join('; ');
    throw new PipelineError('COMPONENT_SHUTDOWN', message, { cause: new AggregateError(failures, message) });
  }

  /** Shuts down what is running, last started first, and gives what went wrong. */
  async #drain(signal?: AbortSignal): Promise<unknown[]> {
    const failures: unknown[] = [];
    await this.#workers?.shutdown(signal).catch((error: unknown) => failures.push(error));
    for (let instance = this.#running.pop(); instance !== undefined; instance = this.#running.pop()) {
      try {
        await instance.shutdown(signal);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }

  #createHost(extensions: ReadonlyMap<string, Component>): Host {
    const status = this.#status;
    const isReady = (): boolean => this.#isReady;
    return {
      extension: (id) => extensions.get(id),
      onStatus: (listener) => status.subscribe(listener),
      statuses: () => status.events,
      get isReady() {
        return isReady();
      },
    };
  }
}
