import type { LogFields, Logger } from '../component/logger.ts';
import type { Status, StatusEvent } from '../component/status.ts';

/** Which state may follow which, as in the Collector's component status. Anything else that is reported is ignored. */
const FOLLOWERS: Readonly<Record<Status, readonly Status[]>> = {
  starting: ['ok', 'recoverable_error', 'permanent_error', 'fatal_error', 'stopping'],
  ok: ['recoverable_error', 'permanent_error', 'fatal_error', 'stopping'],
  recoverable_error: ['ok', 'permanent_error', 'fatal_error', 'stopping'],
  permanent_error: ['fatal_error', 'stopping'],
  fatal_error: ['stopping'],
  stopping: ['permanent_error', 'stopped'],
  stopped: [],
};

/** Told of every change of state: the instance's key and its new state. */
export type StatusListener = (key: string, event: StatusEvent) => void;

/** The present state of every component instance, by the instance's key. */
export class StatusBoard {
  readonly #events = new Map<string, StatusEvent>();
  readonly #listeners = new Set<StatusListener>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get events(): ReadonlyMap<string, StatusEvent> {
    return this.#events;
  }

  subscribe(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Records the change if it is one; only `starting` is taken from what has no state yet. */
  report(key: string, status: Status, error?: Error): void {
    const present = this.#events.get(key);
    const isAllowed =
      present === undefined ? status === 'starting' : FOLLOWERS[present.status].includes(status);
    if (!isAllowed) return;
    const event: StatusEvent = { status, timeUnixMs: Date.now(), ...(error === undefined ? {} : { error }) };
    this.#events.set(key, event);
    this.#log(key, event, present);
    for (const listener of [...this.#listeners]) {
      try {
        listener(key, event);
      } catch (cause) {
        this.#logger.error({ error: String(cause) }, 'a listener to component states threw');
      }
    }
  }

  /** Reports `ok` unless the component, while it started, has said how it is. */
  reportStarted(key: string): void {
    if (this.#events.get(key)?.status === 'starting') this.report(key, 'ok');
  }

  #log(key: string, { status, error }: StatusEvent, present: StatusEvent | undefined): void {
    const fields: LogFields = {
      component: key,
      status,
      ...(error === undefined ? {} : { error: error.message }),
    };
    if (status === 'permanent_error' || status === 'fatal_error') {
      this.#logger.error(fields, 'component has failed');
    } else if (status === 'recoverable_error') {
      this.#logger.warn(fields, 'component is in trouble');
    } else if (present?.status === 'recoverable_error' && status === 'ok') {
      this.#logger.info(fields, 'component has recovered');
    } else {
      this.#logger.debug(fields, 'component state');
    }
  }
}
