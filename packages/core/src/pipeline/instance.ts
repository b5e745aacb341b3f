import {
  ATTR_OTELCOL_COMPONENT_ID,
  ATTR_OTELCOL_COMPONENT_KIND,
  ATTR_OTELCOL_PIPELINE_ID,
} from '../attribute-names.ts';
import type { Component, Host, ReportStatus } from '../component/component.ts';
import type { ComponentKind } from '../component/factory.ts';
import { type Logger, withFields } from '../component/logger.ts';
import { errorText, PipelineError } from '../errors.ts';
import type { OwnedTelemetry, TelemetryRegistry } from '../telemetry/registry.ts';
import type { StatusBoard } from './status-board.ts';

/** How long a component may still take once it was told to drop what is left, in milliseconds. */
const ABORT_GRACE_MS = 1000;

/** Which component, and for a processor in which pipeline. */
export interface InstanceName {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly pipeline?: string;
}

/** What all instances of a service share. */
export interface InstanceContext {
  readonly logger: Logger;
  readonly registry: TelemetryRegistry;
  readonly board: StatusBoard;
}

/**
 * One component of the running service with what is its own: a key, a logger, metrics and a state. The factory is
 * called between the construction, which makes what the factory's settings hold, and `attach`.
 */
export class Instance {
  /** `kind:id`, for a processor `kind:id@pipeline`: what states are listed under. */
  readonly key: string;
  readonly id: string;
  readonly pipeline: string | undefined;
  /** As error messages call it: `"otlp" receiver`. */
  readonly title: string;
  readonly logger: Logger;
  readonly telemetry: OwnedTelemetry;
  readonly reportStatus: ReportStatus;
  readonly #board: StatusBoard;
  readonly #closers: (() => void)[] = [];
  #component: Component = {};

  constructor({ kind, id, pipeline }: InstanceName, { logger, registry, board }: InstanceContext) {
    this.id = id;
    this.pipeline = pipeline;
    this.key = `${kind}:${id}${pipeline === undefined ? '' : `@${pipeline}`}`;
    this.title = `"${id}" ${kind}`;
    this.logger = withFields(logger, {
      [ATTR_OTELCOL_COMPONENT_KIND]: kind,
      [ATTR_OTELCOL_COMPONENT_ID]: id,
      ...(pipeline === undefined ? {} : { [ATTR_OTELCOL_PIPELINE_ID]: pipeline }),
    });
    this.telemetry = registry.component(kind, id);
    this.reportStatus = (status, error) => board.report(this.key, status, error);
    this.#board = board;
  }

  /** Takes in what the factory made. */
  attach(component: Component): void {
    this.#component = component;
  }

  /** `closer` is called when the component has shut down. */
  onClose(closer: () => void): void {
    this.#closers.push(closer);
  }

  /** Starts the component; throws `COMPONENT_START`. */
  async start(host: Host): Promise<void> {
    this.#board.report(this.key, 'starting');
    try {
      await this.#component.start?.(host);
    } catch (cause) {
      const error = new PipelineError(
        'COMPONENT_START',
        `failed to start ${this.title}: ${errorText(cause)}`,
        {
          cause,
        },
      );
      this.#board.report(this.key, 'permanent_error', error);
      throw error;
    }
    this.#board.reportStarted(this.key);
  }

  /** Shuts the component down; throws `COMPONENT_SHUTDOWN`, also when the component does not heed `signal`. */
  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#board.report(this.key, 'stopping');
    try {
      await heeding(signal, Promise.resolve(this.#component.shutdown?.(signal)));
    } catch (cause) {
      const message = `failed to shut down ${this.title}: ${errorText(cause)}`;
      const error = new PipelineError('COMPONENT_SHUTDOWN', message, { cause });
      this.#board.report(this.key, 'permanent_error', error);
      throw error;
    } finally {
      this.close();
    }
    this.#board.report(this.key, 'stopped');
  }

  /** Lets go of what the instance has of the service, without shutting the component down. */
  close(): void {
    for (const closer of this.#closers.splice(0)) closer();
    this.telemetry.close();
  }
}

/** Settles as `work` does, but not much later than `signal` aborts: one component must not keep the others from draining. */
export async function heeding(signal: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  if (signal === undefined) return work;
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const startGrace = (): void => {
    const text = `it did not stop within ${ABORT_GRACE_MS} ms after it was told to drop what is left.`;
    timer = setTimeout(() => reject(new Error(text)), ABORT_GRACE_MS);
  };
  if (signal.aborted) startGrace();
  else signal.addEventListener('abort', startGrace, { once: true });
  try {
    await Promise.race([work, overdue]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', startGrace);
  }
}
