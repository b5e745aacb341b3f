import type { Component, Host } from '../component/component.ts';
import type { Logger } from '../component/logger.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { Context } from '../context/context.ts';
import { registerContextMetrics } from '../context/context-metrics.ts';
import { errorText, PipelineError } from '../errors.ts';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import { buildGraph, type Graph } from './graph.ts';
import { heeding, type Instance } from './instance.ts';
import { StatusBoard } from './status-board.ts';

/** What the program gives a service. */
export interface ServiceOptions {
  readonly logger: Logger;
  readonly telemetry: TelemetryRegistry;
  /** The version of the running program. */
  readonly version: string;
  /** Called once, when a component reports `fatal_error`: the program should shut the service down and exit. */
  readonly onFatal?: (key: string, error: Error) => void;
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
  /** What was started, or tried to, in that order; emptied by the shutdown. */
  readonly #running: Instance[] = [];
  #isReady = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(graph: Graph, board: StatusBoard, logger: Logger, closeMetrics: () => void) {
    this.#graph = graph;
    this.#logger = logger;
    this.#closeMetrics = closeMetrics;
    this.host = this.#createHost(graph.extensions, board);
  }

  /**
   * Creates the components and wires them; starts nothing and opens nothing, so that it also serves to validate.
   * Throws a `PipelineError`, see `buildGraph`.
   */
  static create(config: ResolvedConfig, { logger, telemetry, version, onFatal }: ServiceOptions): Service {
    const board = new StatusBoard(logger);
    const context = new Context();
    const graph = buildGraph(config, { logger, registry: telemetry, board, version, context });
    if (onFatal !== undefined) {
      const unsubscribe = board.subscribe((key, { status, error }) => {
        if (status !== 'fatal_error') return;
        unsubscribe();
        onFatal(key, error ?? new Error(`${key} reported a fatal error.`));
      });
    }
    return new Service(graph, board, logger, registerContextMetrics(telemetry, context));
  }

  /**
   * Starts the components one after the other, extensions first and receivers last. If one does not start, shuts
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
      try {
        await instance.start(this.host);
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
    this.#isReady = this.#stopping === undefined;
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
    for (let instance = this.#running.pop(); instance !== undefined; instance = this.#running.pop()) {
      try {
        await instance.shutdown(signal);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }

  #createHost(extensions: ReadonlyMap<string, Component>, board: StatusBoard): Host {
    const isReady = (): boolean => this.#isReady;
    return {
      extension: (id) => extensions.get(id),
      onStatus: (listener) => board.subscribe(listener),
      statuses: () => board.events,
      get isReady() {
        return isReady();
      },
    };
  }
}
