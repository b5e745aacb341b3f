import type { Backend } from '@tributary/core';
import type { WatchedService, WatchedSlice } from './watched-objects.ts';

interface Entry {
  service: WatchedService | undefined;
  readonly slices: Set<WatchedSlice>;
}

/**
 * Brings Services and the EndpointSlices of the same name together, whichever comes first: a Service's backends are those of
 * all of its slices, each address once.
 */
export class Backends {
  /** By `namespace/name` of the Service. */
  readonly #entries = new Map<string, Entry>();

  serviceOf(namespace: string, name: string): WatchedService | undefined {
    return this.#entries.get(`${namespace}/${name}`)?.service;
  }

  addService(service: WatchedService, atMs: number): void {
    const entry = this.#entry(`${service.namespace}/${service.name}`);
    entry.service = service;
    service.backendsSince = atMs;
    service.backends = merged(entry.slices);
  }

  removeService(service: WatchedService): void {
    const key = `${service.namespace}/${service.name}`;
    const entry = this.#entries.get(key);
    if (entry?.service !== service) return;
    entry.service = undefined;
    if (entry.slices.size === 0) this.#entries.delete(key);
  }

  /** A slice is new, or its backends have changed. Returns the Service if that changes it. */
  setSlice(slice: WatchedSlice, atMs: number): WatchedService | undefined {
    if (slice.serviceName === '') return undefined;
    const entry = this.#entry(`${slice.namespace}/${slice.serviceName}`);
    entry.slices.add(slice);
    return refresh(entry, atMs);
  }

  removeSlice(slice: WatchedSlice, atMs: number): WatchedService | undefined {
    const key = `${slice.namespace}/${slice.serviceName}`;
    const entry = this.#entries.get(key);
    if (entry === undefined || !entry.slices.delete(slice)) return undefined;
    if (entry.slices.size === 0 && entry.service === undefined) this.#entries.delete(key);
    return refresh(entry, atMs);
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { service: undefined, slices: new Set() };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function refresh({ service, slices }: Entry, atMs: number): WatchedService | undefined {
  if (service === undefined) return undefined;
  const backends = merged(slices);
  if (areBackendsEqual(service.backends, backends)) return undefined;
  service.backends = backends;
  // Not before: the change is as old as its event at most, and a flow that began earlier may have met the backends before.
  service.backendsSince = atMs;
  service.revision += 1;
  return service;
}

function merged(slices: ReadonlySet<WatchedSlice>): readonly Backend[] {
  if (slices.size === 1) for (const { backends } of slices) return backends;
  const byAddress = new Map<string, Backend>();
  for (const { backends } of slices) {
    for (const backend of backends)
      if (!byAddress.has(backend.address)) byAddress.set(backend.address, backend);
  }
  return [...byAddress.values()];
}

/** Whether the backends are the same ones, in whatever order. */
export function areBackendsEqual(left: readonly Backend[], right: readonly Backend[]): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  const byAddress = new Map(left.map((backend) => [backend.address, backend]));
  return right.every((backend) => {
    const other = byAddress.get(backend.address);
    return (
      other !== undefined &&
      other.podUid === backend.podUid &&
      other.nodeName === backend.nodeName &&
      other.zone === backend.zone
    );
  });
}
