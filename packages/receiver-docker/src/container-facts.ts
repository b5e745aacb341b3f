/**
 * Keeps the context right about an engine's containers: who has which id and which address, from when to when.
 *
 * A container's network is there a moment before the engine writes down that it started, and its first packets may be too; so a
 * claim of an address begins a little before, but never before the end of the claim that another container had on it: the
 * engine hands an address on only when it is free.
 */
import { type AddressKey, addressKey, type Container, type Context } from '@tributary/core';
import type { EngineEvent, InspectedContainer, Labels } from './engine-answers.ts';

/** A network is set up this long before the start that the engine tells of, at most. */
const SET_UP_MS = 1000;

/** More containers than this are not kept; one machine has some hundreds. */
const MAX_CONTAINERS = 20_000;

/** A container as the context has it; its fields change as the engine tells of it. */
class EngineContainer implements Container {
  readonly kind = 'container';
  revision = 0;
  readonly id: string;
  name = '';
  image = '';
  imageId = '';
  restartCount = 0;
  readonly pod = undefined;
  labels: readonly string[] = [];
  /** The addresses that it has now. */
  addresses: readonly AddressKey[] = [];

  constructor(id: string) {
    this.id = id;
  }
}

/** What could not be taken in as it was. */
export type FactLoss = 'label' | 'container_limit' | 'context_full';

/** See the head of this file. Times are milliseconds since the Unix epoch. */
export class ContainerFacts {
  readonly #context: Context;
  readonly #onLost: (count: number, reason: FactLoss) => void;
  readonly #containers = new Map<string, EngineContainer>();
  /** Those that a list that is being taken has not shown yet. */
  #unseen: Set<string> | undefined;

  constructor(context: Context, onLost: (count: number, reason: FactLoss) => void) {
    this.#context = context;
    this.#onLost = onLost;
  }

  /** How many containers are known. */
  get size(): number {
    return this.#containers.size;
  }

  /** What is known of a container. */
  get(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  /** A list begins. */
  listing(): void {
    this.#unseen = new Set(this.#containers.keys());
  }

  /** The list is whole: what it did not show was last known to be there at `lastHeardMs`. */
  listed(lastHeardMs: number): void {
    for (const id of this.#unseen ?? []) this.removed(id, lastHeardMs);
    this.#unseen = undefined;
  }

  /** An event told of a container, perhaps before it can be asked for, or after it has gone. */
  told(event: EngineEvent): void {
    const container = this.#container(event.id, event.timeMs);
    if (container === undefined) return;
    const { name, image, labels } = event;
    this.#describe(container, { name, image, labels });
  }

  /** The engine showed a container. */
  inspected(shown: InspectedContainer, nowMs: number): void {
    const { id, name, image, labels, imageId, restartCount, startedMs = nowMs } = shown;
    const container = this.#container(id, shown.createdMs ?? startedMs);
    if (container === undefined) return;
    this.#unseen?.delete(id);
    this.#describe(container, { name, image, labels });
    if (container.imageId !== imageId || container.restartCount !== restartCount) {
      container.imageId = imageId;
      container.restartCount = restartCount;
      container.revision += 1;
    }
    if (shown.isRunning) this.#setAddresses(container, shown.addresses, startedMs - SET_UP_MS, nowMs);
    else this.#setAddresses(container, [], nowMs, Math.min(nowMs, shown.finishedMs ?? nowMs));
  }

  /** A container's processes ended: it has its addresses no more. */
  ended(id: string, atMs: number): void {
    const container = this.#containers.get(id);
    if (container !== undefined) this.#setAddresses(container, [], atMs, atMs);
  }

  /** A container is no more. */
  removed(id: string, atMs: number): void {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    this.#setAddresses(container, [], atMs, atMs);
    this.#context.containers.release(id, container, atMs);
    this.#containers.delete(id);
  }

  #container(id: string, fromMs: number): EngineContainer | undefined {
    const known = this.#containers.get(id);
    if (known !== undefined) return known;
    if (this.#containers.size >= MAX_CONTAINERS) {
      this.#onLost(1, 'container_limit');
      return undefined;
    }
    const container = new EngineContainer(id);
    if (!this.#context.containers.claim(id, container, fromMs)) this.#onLost(1, 'context_full');
    this.#containers.set(id, container);
    return container;
  }

  #describe(
    container: EngineContainer,
    { name, image, labels }: { readonly name: string; readonly image: string; readonly labels: Labels },
  ): void {
    const isSame =
      container.name === name &&
      container.image === image &&
      container.labels.length === labels.pairs.length &&
      container.labels.every((text, index) => text === labels.pairs[index]);
    if (isSame) return;
    if (labels.refused > 0) this.#onLost(labels.refused, 'label');
    container.name = name;
    container.image = image;
    container.labels = labels.pairs;
    container.revision += 1;
  }

  #setAddresses(container: EngineContainer, texts: readonly string[], fromMs: number, toMs: number): void {
    const { addresses } = this.#context;
    const wanted = texts.map(addressKey).filter((key) => key !== undefined);
    for (const key of container.addresses) if (!wanted.includes(key)) addresses.release(key, container, toMs);
    for (const key of wanted) {
      if (container.addresses.includes(key)) continue;
      if (!addresses.claim(key, container, this.#freeSince(key, fromMs))) this.#onLost(1, 'context_full');
    }
    container.addresses = wanted;
  }

  /** `fromMs`, or when the last claim on the address ended, where that is later. */
  #freeSince(key: AddressKey, fromMs: number): number {
    let since = fromMs;
    for (const { to } of this.#context.addresses.claimsOf(key)) {
      if (to !== Number.POSITIVE_INFINITY && to > since) since = to;
    }
    return since;
  }
}
