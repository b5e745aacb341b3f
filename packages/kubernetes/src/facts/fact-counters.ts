import type { ComponentTelemetry, Counter } from '@tributary/core';
import type { ClusterResource } from './cluster-resource.ts';

const METRIC = 'otelcol_k8s_refused_facts';
const INSTRUMENT = {
  description:
    'Kubernetes objects, or facts of them, that were not taken in or are known to be doubtful, by reason.',
  unit: '{fact}',
};

/**
 * Why something was not taken in as it was told:
 *
 * - `malformed`: the bytes are not those of such an object.
 * - `incomplete`: an object without a uid or a name.
 * - `older_version`: what is known is newer.
 * - `too_many`: more objects than are kept.
 * - `name_taken`: an object of that name was there, and had not been told to be gone.
 * - `address_unusable`: no address, or one that nobody can have alone (loopback, multicast).
 * - `address_shared`: another pod holds the same address; neither is the answer while that lasts.
 * - `address_handed_on`: a pod that is being deleted has lost its address to another before it was told to be gone.
 * - `port_unusable`: a port of a Service that no connection can have.
 * - `table_full`: the context had no room.
 */
export type RefusalReason =
  | 'malformed'
  | 'incomplete'
  | 'older_version'
  | 'too_many'
  | 'name_taken'
  | 'address_unusable'
  | 'address_shared'
  | 'address_handed_on'
  | 'port_unusable'
  | 'table_full';

/** Counts what was not taken in as it was told. */
export class FactCounters {
  readonly #telemetry: ComponentTelemetry;
  readonly #counters = new Map<string, Counter>();
  readonly #counts = new Map<string, number>();

  constructor(telemetry: ComponentTelemetry) {
    this.#telemetry = telemetry;
  }

  add(resource: ClusterResource, reason: RefusalReason, count = 1): void {
    const key = `${resource} ${reason}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.#telemetry.counter(METRIC, INSTRUMENT, { resource, reason });
      this.#counters.set(key, counter);
    }
    counter.add(count);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  /** How often something was refused since the start. */
  count(resource: ClusterResource, reason: RefusalReason): number {
    return this.#counts.get(`${resource} ${reason}`) ?? 0;
  }
}
