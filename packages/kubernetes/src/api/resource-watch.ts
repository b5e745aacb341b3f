/**
 * Keeps a handler informed of one resource for as long as it runs. It lists, by a stream where the server has that and else by
 * pages, and watches from there on:
 *
 *     list ──> watch ──clean end──> watch (from the last version)
 *       ^        │ broke: wait, then watch from the last version
 *       └────────┘ 410 Gone, nonsense: list anew
 *
 * Whatever the server does, the watch goes on; what went wrong is counted, logged thinly and tried again after a wait.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type ComponentTelemetry, errorText, type FactSource, type Logger } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import type { ApiAnswer } from './api-answer.ts';
import type { ApiClient } from './api-client.ts';
import { FrameReader } from './frame-reader.ts';
import type { ObjectHandler } from './object-handler.ts';
import { endsInitialEvents, readStatus, resourceVersionOf } from './object-meta.ts';
import { listByPages, notProtobuf } from './paged-list.ts';
import {
  collectionPath,
  forbiddenText,
  isProtobuf,
  mediaType,
  missingText,
  objectKind,
  selectorQuery,
} from './resource-request.ts';
import type { ResourceSpec } from './resource-spec.ts';
import { SeenVersion } from './seen-version.ts';
import { eventFailure, printable } from './status-failure.ts';
import { WatchEvents } from './watch-events.ts';
import { WatchFacts } from './watch-facts.ts';
import { type FailureReason, WatchFailure } from './watch-failure.ts';
import { WatchRetries } from './watch-retries.ts';
import { WATCH_TIMING, type WatchTiming } from './watch-timing.ts';

/** What a watch needs. */
export interface ResourceWatchOptions {
  readonly logger: Logger;
  readonly telemetry: ComponentTelemetry;
  /** Opens the source that says whether the handler's facts are whole and current; anew after it was closed for want of rights. */
  readonly openSource?: () => FactSource;
  /** False lists by pages from the start. */
  readonly streamsLists?: boolean;
  readonly timing?: Partial<WatchTiming>;
}

const WATCH = { watch: 'true', allowWatchBookmarks: 'true' } as const;
/** A list that comes as events (KEP-3157): as of now, and ended by a bookmark. */
const STREAMING_LIST = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } as const;
/** After these, what was seen last is no place to go on from. */
const NEEDS_LIST: ReadonlySet<FailureReason> = new Set([
  'expired',
  'version_too_new',
  'malformed',
  'unsupported',
]);
/** A watch that ends sooner was not begun in earnest, in milliseconds. */
const SHORTEST_LIFE_MS = 500;
/**
 * A watch that makes up for what was missed is asked to last so long: API servers send a bookmark two seconds before its end,
 * which says that everything from before has been told (nextBookmarkTime() in
 * staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go).
 */
const CATCH_UP_SECONDS = 3;
const LEAST_CATCH_UP_MS = 2_500;

/** One resource, listed and watched. */
export class ResourceWatch {
  readonly #client: ApiClient;
  readonly #spec: ResourceSpec;
  /** The kind that objects must have. */
  readonly #kind: string;
  readonly #events: WatchEvents;
  readonly #facts: WatchFacts;
  readonly #timing: WatchTiming;
  readonly #retries: WatchRetries;
  readonly #stop = new AbortController();
  readonly #version = new SeenVersion();
  #running: Promise<void> | undefined;
  /** What was asked for last, as RBAC calls it. */
  #verb: 'list' | 'watch' = 'list';
  #streamsLists: boolean;
  /** The last streaming list hung: the next one comes by pages. */
  #streamHung = false;
  /** The last pages expired while they were read: the next list comes in one. */
  #pagesExpired = false;

  constructor(client: ApiClient, spec: ResourceSpec, handler: ObjectHandler, options: ResourceWatchOptions) {
    this.#client = client;
    this.#spec = spec;
    this.#kind = objectKind(spec);
    this.#events = new WatchEvents(spec, options);
    this.#facts = new WatchFacts(handler, this.#events, options.openSource);
    this.#timing = { ...WATCH_TIMING, ...options.timing };
    this.#retries = new WatchRetries(this.#timing);
    this.#streamsLists = options.streamsLists ?? true;
  }

  /** Begins to list and watch, and goes on until `close`. */
  start(): void {
    this.#facts.begin();
    this.#running ??= this.#run();
  }

  /** Ends. The handler is not called any more. Safe without `start` and when repeated. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#facts.close();
    this.#events.close();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const beganMs = performance.now();
      try {
        await this.#listAndWatch();
        if (performance.now() - beganMs < SHORTEST_LIFE_MS) {
          throw new WatchFailure('closed', 'the watch ended as soon as it had begun');
        }
        this.#retries.succeeded();
        this.#events.restarts('renewed');
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        await this.#recover(asFailure(error), performance.now() - beganMs);
      }
    }
  }

  /** Returns when a watch has come to its proper end. */
  async #listAndWatch(): Promise<void> {
    if (this.#version.text === '') {
      if (this.#streamsLists && !this.#streamHung) {
        try {
          return await this.#watch(true);
        } catch (error) {
          if (asFailure(error).reason !== 'unsupported') throw error;
          this.#streamsLists = false;
        }
      }
      await this.#listPages();
    }
    await this.#watch(false);
  }

  async #listPages(): Promise<void> {
    this.#verb = 'list';
    try {
      const version = await listByPages(this.#client, this.#spec, {
        isWhole: this.#pagesExpired,
        idleMs: this.#timing.listIdleMs,
        signal: this.#stop.signal,
        begun: () => this.#facts.listing(),
        item: (object) => this.#facts.seen('listed', object),
        received: (bytes) => this.#received(bytes),
      });
      this.#pagesExpired = false;
      this.#streamHung = false;
      this.#listed(version);
    } catch (error) {
      if (asFailure(error).reason === 'expired') this.#pagesExpired = true;
      throw error;
    }
  }

  /** Watches from the last version on; or lists first, by a stream of events that a bookmark ends. */
  async #watch(listsFirst: boolean): Promise<void> {
    const { listIdleMs, watchIdleMs, catchUpMs, gatherMs } = this.#timing;
    const answer = await this.#openWatch(listsFirst);
    let isListing = listsFirst;
    if (listsFirst) this.#facts.listing();
    const openedMs = performance.now();
    const catchUpLimit = listsFirst ? undefined : setTimeout(() => this.#facts.caughtUp(), catchUpMs);
    const frames = new FrameReader((type, kind, object) => {
      this.#take(type, kind, object, isListing);
      if (type !== 'BOOKMARK') return;
      if (!isListing) this.#facts.caughtUp();
      else if (endsInitialEvents(object)) {
        isListing = false;
        this.#listed(resourceVersionOf(object));
      }
    });
    try {
      const take = (chunk: Buffer): void => {
        this.#received(chunk.length);
        frames.push(chunk);
      };
      await answer.read(
        take,
        () => (isListing ? listIdleMs : watchIdleMs),
        () => (isListing ? 0 : gatherMs),
      );
      if (frames.isWithinFrame || isListing) {
        throw new WatchFailure(
          'truncated',
          isListing ? 'the list ended early' : 'the watch ended within an event',
        );
      }
      // A watch that lived out its time has told everything, with a bookmark or without.
      if (performance.now() - openedMs > LEAST_CATCH_UP_MS) this.#facts.caughtUp();
    } catch (error) {
      if (isListing && asFailure(error).reason === 'hung') this.#streamHung = true;
      throw error;
    } finally {
      clearTimeout(catchUpLimit);
    }
  }

  async #openWatch(listsFirst: boolean): Promise<ApiAnswer> {
    const { lifeMs, renewalGraceMs, resumeMs } = this.#timing;
    this.#verb = 'watch';
    const catchesUp = this.#facts.isBehind && !listsFirst;
    // Watches that began together do not end together.
    const timeoutSeconds = catchesUp ? CATCH_UP_SECONDS : Math.ceil((lifeMs * (1 + Math.random())) / 1000);
    const from = listsFirst ? STREAMING_LIST : { resourceVersion: this.#version.text };
    const grace = setTimeout(() => this.#facts.interrupted(), renewalGraceMs);
    try {
      const answer = await this.#client.get({
        path: collectionPath(this.#spec),
        query: { ...WATCH, ...from, ...selectorQuery(this.#spec), timeoutSeconds: String(timeoutSeconds) },
        accept: mediaType(this.#spec, 'watch'),
        signal: this.#stop.signal,
        isWatch: true,
        ...(listsFirst ? {} : { headTimeoutMs: resumeMs }),
      });
      if (!isProtobuf(answer.contentType)) {
        answer.discard();
        throw notProtobuf(answer.contentType);
      }
      if (listsFirst || catchesUp || !this.#facts.isBehind) return answer;
      // It took so long that what happened meanwhile may come late: a watch is needed that says when it has come.
      answer.discard();
    } finally {
      clearTimeout(grace);
    }
    return this.#openWatch(false);
  }

  #take(type: string, kind: string, object: Buffer, isListing: boolean): void {
    if (type === 'ERROR') throw eventFailure(readStatus(object));
    if (kind !== this.#kind) throw new MalformedError(`an event has a ${kind}, not a ${this.#kind}`);
    if (type === 'ADDED') this.#facts.seen(isListing ? 'listed' : 'added', object);
    else if (type === 'MODIFIED') this.#facts.seen('modified', object);
    else if (type === 'DELETED') this.#facts.deleted(object);
    else if (type === 'BOOKMARK') this.#events.event('bookmark');
    else this.#events.refused('unknown_event', `the type is ${printable(type)}`);
    if (!isListing) this.#version.advance(resourceVersionOf(object));
  }

  #listed(version: string): void {
    this.#version.begin(version);
    this.#facts.listed();
  }

  #received(bytes: number): void {
    this.#retries.received();
    this.#facts.received(bytes);
  }

  async #recover(failure: WatchFailure, tookMs: number): Promise<void> {
    const { reason } = failure;
    this.#facts.interrupted();
    if (NEEDS_LIST.has(reason)) this.#version.forget();
    const { kind, delayMs } = this.#retries.after(failure, tookMs, this.#facts.wasListed);
    if (kind === 'renew') this.#events.restarts(reason);
    else if (kind === 'unavailable') this.#reportUnavailable(failure);
    else this.#events.broke(failure);
    if (delayMs > 0) await wait(delayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  #reportUnavailable({ reason, message }: WatchFailure): void {
    const text =
      reason === 'forbidden'
        ? forbiddenText(this.#spec, this.#verb, message)
        : missingText(this.#spec, message);
    this.#events.unavailable(reason, text);
    this.#facts.unavailable();
  }
}

function asFailure(error: unknown): WatchFailure {
  if (error instanceof WatchFailure) return error;
  if (error instanceof MalformedError) return new WatchFailure('malformed', error.message, { cause: error });
  return new WatchFailure('network', errorText(error), { cause: error });
}
