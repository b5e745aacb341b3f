import { type ComponentTelemetry, type Counter, type Logger, RepeatedLog } from '@tributary/core';
import { resourceName } from './resource-request.ts';
import type { ResourceSpec } from './resource-spec.ts';
import type { WatchFailure } from './watch-failure.ts';

/** What an object, or an event, was not taken in for. */
export type RefusalReason = 'handler' | 'unknown_event';

/** Counts what happens to a watch, and logs what somebody should know. */
export class WatchEvents {
  readonly #telemetry: ComponentTelemetry;
  readonly #logger: Logger;
  readonly #attributes: { readonly resource: string };
  readonly #lists: Counter;
  readonly #bytes: Counter;
  readonly #objects: ReadonlyMap<string, Counter>;
  readonly #broken: RepeatedLog;
  readonly #refused: RepeatedLog;
  #unavailable = '';

  constructor(spec: ResourceSpec, { logger, telemetry }: { logger: Logger; telemetry: ComponentTelemetry }) {
    const name = resourceName(spec);
    this.#telemetry = telemetry;
    this.#logger = logger;
    this.#attributes = { resource: spec.plural };
    this.#broken = new RepeatedLog((fields) => {
      logger.warn({ resource: name, ...fields }, 'the watch of an API resource broke and begins anew');
    });
    this.#refused = new RepeatedLog((fields) => {
      logger.warn({ resource: name, ...fields }, 'an object of the Kubernetes API was not taken in');
    });
    this.#lists = telemetry.counter(
      'otelcol_k8s_watch_lists',
      { description: 'Complete lists of API resources.', unit: '{list}' },
      this.#attributes,
    );
    this.#bytes = telemetry.counter(
      'otelcol_k8s_watch_received',
      { description: 'Bytes that the API server sent in lists and watches.', unit: 'By' },
      this.#attributes,
    );
    const types = ['listed', 'added', 'modified', 'deleted', 'bookmark'];
    this.#objects = new Map(types.map((type) => [type, this.#eventCounter(type)]));
  }

  listed(): void {
    this.#lists.add(1);
  }

  received(bytes: number): void {
    this.#bytes.add(bytes);
  }

  event(type: string): void {
    this.#objects.get(type)?.add(1);
  }

  refused(reason: RefusalReason, error: string): void {
    const options = {
      description: 'Objects and events that were not taken in, by reason.',
      unit: '{object}',
    };
    this.#telemetry.counter('otelcol_k8s_watch_refused', options, { ...this.#attributes, reason }).add(1);
    this.#refused.occur(1, { reason, error });
  }

  /** A list or a watch came to nothing and is tried again. */
  broke(failure: WatchFailure): void {
    this.restarts(failure.reason);
    this.#broken.occur(1, { reason: failure.reason, error: failure.message });
  }

  /** Counts a restart of which nothing is logged. */
  restarts(reason: string): void {
    const options = {
      description: 'Lists and watches that ended and began anew, by reason.',
      unit: '{restart}',
    };
    this.#telemetry.counter('otelcol_k8s_watch_restarts', options, { ...this.#attributes, reason }).add(1);
  }

  /** The resource cannot be had until somebody changes something. Said once, until that happens. */
  unavailable(reason: string, text: string): void {
    this.restarts(reason);
    if (text === this.#unavailable) return;
    this.#unavailable = text;
    this.#logger.error({ error: text }, 'an API resource cannot be watched; the others are');
  }

  /** The resource is watched. */
  available(): void {
    if (this.#unavailable === '') return;
    this.#unavailable = '';
    this.#logger.info({ resource: this.#attributes.resource }, 'an API resource can be watched now');
  }

  /** Writes what was held back. */
  close(): void {
    this.#broken.flush();
    this.#refused.flush();
  }

  #eventCounter(type: string): Counter {
    const options = {
      description: 'Objects that were listed, and events of watches, by type.',
      unit: '{event}',
    };
    return this.#telemetry.counter('otelcol_k8s_watch_events', options, { ...this.#attributes, type });
  }
}
