/** What nodes say of the world: their names, addresses and places. */
import { type AddressKey, addressKey, addressText, type Context } from '@tributary/core';
import type { MetadataDecoder, ObjectMeta } from '../objects/metadata.ts';
import { NodeState, readNode } from '../objects/node.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { arePairsEqual, type PairsCache } from '../objects/pairs.ts';
import { claimAfter, isUsableAddress } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { beginOf, endOf, type Moment } from './moment.ts';
import type { ObjectKind } from './object-store.ts';
import { WatchedNode } from './watched-objects.ts';

/** Keeps what the context says of nodes as their objects have it. */
export class NodeFacts implements ObjectKind<WatchedNode> {
  readonly resource = 'nodes';
  readonly #state = new NodeState();
  readonly #context: Context;
  readonly #metadata: MetadataDecoder;
  readonly #pairs: PairsCache;
  readonly #counters: FactCounters;

  constructor(context: Context, metadata: MetadataDecoder, pairs: PairsCache, counters: FactCounters) {
    this.#context = context;
    this.#metadata = metadata;
    this.#pairs = pairs;
    this.#counters = counters;
  }

  get meta(): ObjectMeta {
    return this.#state.meta;
  }

  decode(reader: ObjectReader, end: number): void {
    readNode(reader, end, this.#metadata, this.#pairs, this.#state);
  }

  predecessor(): WatchedNode | undefined {
    for (const { value, to } of this.#context.nodes.claimsOf(this.meta.name)) {
      if (to === Number.POSITIVE_INFINITY && value instanceof WatchedNode) return value;
    }
    return undefined;
  }

  create(moment: Moment): WatchedNode {
    const { uid, name, createdSeconds } = this.meta;
    const node = new WatchedNode(uid, name);
    node.claimsFromMs = beginOf(createdSeconds, moment);
    this.#count(claimAfter(this.#context.nodes, name, node, node.claimsFromMs));
    return node;
  }

  update(node: WatchedNode, moment: Moment): boolean {
    const { meta, providerId, conditions, allocatable } = this.#state;
    const addresses = this.#usable();
    const haveAddressesChanged = !arePairsEqual(node.addresses, addresses);
    if (
      !haveAddressesChanged &&
      node.providerId === providerId &&
      arePairsEqual(node.labels, meta.labels) &&
      arePairsEqual(node.annotations, meta.annotations) &&
      arePairsEqual(node.conditions, conditions) &&
      arePairsEqual(node.allocatable, allocatable)
    ) {
      return false;
    }
    node.providerId = providerId;
    node.labels = meta.labels;
    node.annotations = meta.annotations;
    node.conditions = conditions;
    node.allocatable = allocatable;
    if (haveAddressesChanged) this.#setAddresses(node, addresses, moment);
    return true;
  }

  remove(node: WatchedNode, endMs: number): void {
    this.#context.nodes.release(node.name, node, endMs);
    for (const key of keysOf(node.addresses)) this.#context.nodeAddresses.release(key, node, endMs);
  }

  #setAddresses(node: WatchedNode, addresses: readonly string[], moment: Moment): void {
    const { nodeAddresses } = this.#context;
    const before = keysOf(node.addresses);
    const after = keysOf(addresses);
    for (const key of before) if (!after.includes(key)) nodeAddresses.release(key, node, endOf(moment));
    const from = node.claimsFromMs ?? moment.sinceMs;
    node.claimsFromMs = undefined;
    for (const key of after) {
      if (!before.includes(key)) this.#count(claimAfter(nodeAddresses, key, node, from));
    }
    node.addresses = addresses;
  }

  #usable(): readonly string[] {
    const addresses = new Set<string>();
    for (const text of this.#state.addresses) {
      const key = addressKey(text);
      if (key === undefined || !isUsableAddress(key)) this.#counters.add('nodes', 'address_unusable');
      else addresses.add(addressText(key));
    }
    return [...addresses];
  }

  #count(isTaken: boolean): void {
    if (!isTaken) this.#counters.add('nodes', 'table_full');
  }
}

function keysOf(addresses: readonly string[]): readonly AddressKey[] {
  return addresses.map((text) => addressKey(text)).filter((key) => key !== undefined);
}
