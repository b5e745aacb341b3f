/**
 * Follows an engine: opens its stream of events, lists what there is, then takes the events one after the other. When the
 * engine goes away it is tried again, and everything is listed anew.
 */
import {
  type ComponentTelemetry,
  errorText,
  type FactSource,
  type Logger,
  RepeatedLog,
} from '@tributary/core';
import type { ContainerFacts } from './container-facts.ts';
import {
  type EngineEvent,
  type InspectedContainer,
  readContainer,
  readEvent,
  readList,
} from './engine-answers.ts';
import { type EngineClient, EngineError } from './engine-client.ts';

/** What a watch is given. */
export interface EngineWatchOptions {
  /** How messages name the engine: `receivers::docker::endpoint "unix:///var/run/docker.sock"`. */
  readonly where: string;
  readonly logger: Logger;
  readonly telemetry: ComponentTelemetry;
  readonly source: FactSource;
  /** How often everything is listed, in milliseconds; 0: only when the stream of events broke. */
  readonly syncIntervalMs: number;
  /** Whether the configuration leaves a container out. */
  readonly isExcluded: (image: string, labels: readonly string[]) => boolean;
  /** Gets each event of a container that is not left out. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Told when the engine does not answer, and when it does again. */
  readonly onState: (problem: Error | undefined) => void;
}

/** The waits between attempts, in milliseconds, each twice the last; with up to half as much again by chance. */
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 30_000;
/** An engine whose last event is further ahead than this, in milliseconds, had a wrong clock then. */
const MAX_AHEAD_MS = 60_000;
/** Events that wait for their turn, at most. Beyond that everything is listed anew. */
const MAX_WAITING_EVENTS = 10_000;
const EVENTS = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container', 'network'] }))}`;

/** Events after which a container may look otherwise. */
const LOOK_AGAIN: ReadonlySet<string> = new Set(['start', 'rename', 'update', 'connect', 'disconnect']);

/** See the head of this file. */
export class EngineWatch {
  readonly #client: EngineClient;
  readonly #facts: ContainerFacts;
  readonly #options: EngineWatchOptions;
  readonly #stopping = new AbortController();
  readonly #problems: RepeatedLog;
  readonly #count: (reason: string) => void;
  #waitMs = FIRST_WAIT_MS;
  #lastHeardMs = Date.now();
  /** The time of the newest event that was taken, by the engine's clock; 0: none yet. */
  #lastEventMs = 0;
  #following: Promise<void> | undefined;

  constructor(client: EngineClient, facts: ContainerFacts, options: EngineWatchOptions) {
    this.#client = client;
    this.#facts = facts;
    this.#options = options;
    this.#problems = new RepeatedLog((fields) =>
      options.logger.warn(fields, 'the engine does not say what runs; what is known of it gets old'),
    );
    this.#count = (reason) =>
      options.telemetry
        .counter(
          'otelcol_receiver_docker_problems',
          {
            description: 'What of the engine could not be read or had to be begun anew, by reason.',
            unit: '{problem}',
          },
          { reason },
        )
        .add(1);
  }

  /** Begins; what does not work is tried again. */
  start(): void {
    this.#following ??= this.#follow();
  }

  /** Ends. Safe without `start` and when repeated. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    this.#problems.flush();
    this.#client.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const problem = await this.#followOnce().catch((error: unknown) => error);
      if (signal.aborted) return;
      this.#options.source.stale(this.#lastHeardMs);
      const text = problem === undefined ? 'its stream of events ended' : errorText(problem);
      this.#count('connection');
      this.#problems.occur(1, { error: `${this.#options.where}: ${text}` });
      this.#options.onState(new Error(`${this.#options.where}: ${text}`));
      await sleep(this.#waitMs * (1 + Math.random() / 2), signal);
      this.#waitMs = Math.min(2 * this.#waitMs, LAST_WAIT_MS);
    }
  }

  /** From the first question to the end of the stream of events. */
  async #followOnce(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, ended.signal]);
    const turns = new Turns((error) => ended.abort(error));
    let resync: NodeJS.Timeout | undefined;
    try {
      await this.#client.negotiate(signal);
      const isListed = turns.add(() => this.#list(signal));
      const stream = this.#readEvents(turns, signal);
      await Promise.race([isListed, stream.then(() => isListed)]);
      ended.signal.throwIfAborted();
      this.#waitMs = FIRST_WAIT_MS;
      this.#options.source.current();
      this.#options.onState(undefined);
      const { syncIntervalMs } = this.#options;
      if (syncIntervalMs > 0) {
        resync = setInterval(() => void turns.add(() => this.#list(signal)), syncIntervalMs);
      }
      await stream;
      await turns.add(() => Promise.resolve());
      ended.signal.throwIfAborted();
    } catch (error) {
      // What went wrong first, not that the rest was given up because of it.
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      clearInterval(resync);
      ended.abort();
    }
  }

  /**
   * Reads events until the engine ends their stream. They are asked for from the last one on, or from now on, so that none
   * is left out between the question and the list; what was taken before is not taken again.
   */
  #readEvents(turns: Turns, signal: AbortSignal): Promise<void> {
    // A clock that was far ahead and was put right must not hide what happens until it is as late as it said.
    if (this.#lastEventMs > Date.now() + MAX_AHEAD_MS) this.#lastEventMs = 0;
    const takenUntilMs = this.#lastEventMs;
    const since = Math.floor((takenUntilMs === 0 ? Date.now() : takenUntilMs) / 1000);
    let isListDue = false;
    const take = (line: unknown): void => {
      this.#lastHeardMs = Date.now();
      const event = readEvent(line);
      if (event === undefined) {
        if (line === undefined) this.#count('malformed_event');
        return;
      }
      if (event.timeMs <= takenUntilMs) return;
      this.#lastEventMs = Math.max(this.#lastEventMs, event.timeMs);
      if (turns.length < MAX_WAITING_EVENTS) {
        isListDue = true;
        void turns.add(() => this.#take(event, signal));
        return;
      }
      this.#count('too_many_events');
      if (isListDue) void turns.add(() => this.#list(signal));
      isListDue = false;
    };
    return this.#client.stream(`${EVENTS}&since=${since}`, take, signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const ids = readList(await this.#client.get('/containers/json', signal));
    if (ids === undefined) throw new EngineError('its list of containers is no list.');
    this.#facts.listing();
    for (const id of ids) await this.#look(id, signal);
    this.#facts.listed(this.#lastHeardMs);
    this.#lastHeardMs = Date.now();
  }

  async #take(event: EngineEvent, signal: AbortSignal): Promise<void> {
    const { type, action, id, timeMs } = event;
    if (type === 'network') {
      if (LOOK_AGAIN.has(action) && this.#facts.get(id) !== undefined) await this.#look(id, signal);
      return;
    }
    if (this.#options.isExcluded(event.image, event.labels.pairs)) return;
    this.#options.onEvent(event);
    // A container may have gone before it can be asked for: the event itself says who it was.
    if (action === 'start') this.#facts.told(event);
    if (action === 'die' || action === 'died') this.#facts.ended(id, timeMs);
    else if (action === 'destroy' || action === 'remove') this.#facts.removed(id, timeMs);
    else if (LOOK_AGAIN.has(action)) await this.#look(id, signal);
  }

  /** Asks for one container; nothing happens if it is gone already. */
  async #look(id: string, signal: AbortSignal): Promise<void> {
    let shown: InspectedContainer | undefined;
    try {
      shown = readContainer(await this.#client.get(`/containers/${id}/json`, signal));
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return;
      throw error;
    }
    if (shown === undefined) this.#count('malformed_container');
    else if (!this.#options.isExcluded(shown.image, shown.labels.pairs))
      this.#facts.inspected(shown, Date.now());
  }
}

/** Does one thing after the other, in the order in which they were added, until one fails. */
class Turns {
  readonly #onFailure: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #hasFailed = false;
  /** What waits or is being done. */
  length = 0;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves when `work` is done, or left out because something before it failed. */
  add(work: () => Promise<void>): Promise<void> {
    this.length += 1;
    this.#last = this.#last
      .then(() => (this.#hasFailed ? undefined : work()))
      .catch((error: unknown) => {
        this.#hasFailed = true;
        this.#onFailure(error);
      })
      .finally(() => {
        this.length -= 1;
      });
    return this.#last;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
