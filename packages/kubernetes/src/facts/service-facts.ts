/** What Services say of the world: which addresses and ports are theirs, on all nodes too, and who answers there. */
import {
  type AddressKey,
  addressKey,
  addressText,
  type ClaimTable,
  type Context,
  type EndpointKey,
  endpointKey,
  type KubeService,
  type Pairs,
  portKey,
  type ServicePort,
} from '@tributary/core';
import type { MetadataDecoder, ObjectMeta } from '../objects/metadata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { arePairsEqual, NO_PAIRS, type PairsCache } from '../objects/pairs.ts';
import { readService, ServiceState } from '../objects/service.ts';
import type { Backends } from './backends.ts';
import { claimAfter, isUsableAddress } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { beginOf, endOf, type Moment } from './moment.ts';
import type { ObjectKind } from './object-store.ts';
import { WatchedService } from './watched-objects.ts';

/** What a headless Service has in place of an address. */
const HEADLESS = 'None';

/** Services' names lead elsewhere by DNS if they are of this type: no address is theirs. */
const EXTERNAL_NAME = 'ExternalName';

/** A Service that is pointed elsewhere and back has two selectors in turn; connections may outlive the one that they began with. */
const MAX_SELECTORS = 4;

/** Keeps what the context says of Services as their objects have it. */
export class ServiceFacts implements ObjectKind<WatchedService> {
  readonly resource = 'services';
  readonly #state = new ServiceState();
  readonly #context: Context;
  readonly #metadata: MetadataDecoder;
  readonly #pairs: PairsCache;
  readonly #counters: FactCounters;
  readonly #backends: Backends;

  constructor(
    context: Context,
    metadata: MetadataDecoder,
    pairs: PairsCache,
    counters: FactCounters,
    backends: Backends,
  ) {
    this.#context = context;
    this.#metadata = metadata;
    this.#pairs = pairs;
    this.#counters = counters;
    this.#backends = backends;
  }

  get meta(): ObjectMeta {
    return this.#state.meta;
  }

  decode(reader: ObjectReader, end: number): void {
    readService(reader, end, this.#metadata, this.#pairs, this.#state);
  }

  predecessor(): WatchedService | undefined {
    return this.#backends.serviceOf(this.meta.namespace, this.meta.name);
  }

  create(moment: Moment): WatchedService {
    const { uid, name, namespace, createdSeconds } = this.meta;
    const service = new WatchedService(uid, name, namespace);
    service.claimsFromMs = beginOf(createdSeconds, moment);
    this.#backends.addService(service, moment.atMs);
    return service;
  }

  update(service: WatchedService, moment: Moment): boolean {
    const { meta, type, refusedPorts, selector } = this.#state;
    if (refusedPorts > 0) this.#counters.add('services', 'port_unusable', refusedPorts);
    const clusterIps = type === EXTERNAL_NAME ? [] : this.#addresses(this.#state.clusterIps);
    const externalAddresses = type === EXTERNAL_NAME ? [] : this.#addresses(this.#state.externalAddresses);
    const { ports } = this.#state;
    const haveClaimsChanged =
      !arePairsEqual(service.clusterIps, clusterIps) ||
      !arePairsEqual(service.externalAddresses, externalAddresses) ||
      !arePortsEqual(service.ports, ports);
    if (
      !haveClaimsChanged &&
      service.type === type &&
      arePairsEqual(service.labels, meta.labels) &&
      arePairsEqual(service.annotations, meta.annotations) &&
      arePairsEqual(service.selectors.at(-1) ?? NO_PAIRS, selector)
    ) {
      return false;
    }
    service.type = type;
    service.labels = meta.labels;
    service.annotations = meta.annotations;
    service.selectors = withSelector(service.selectors, selector);
    if (haveClaimsChanged) {
      const before = claimsOf(service);
      service.clusterIps = clusterIps;
      service.externalAddresses = externalAddresses;
      service.ports = ports;
      this.#replaceClaims(service, before, claimsOf(service), moment);
    }
    return true;
  }

  remove(service: WatchedService, endMs: number): void {
    const { endpoints, serviceAddresses, nodePorts } = claimsOf(service);
    for (const key of endpoints) this.#context.endpoints.release(key, service, endMs);
    for (const key of serviceAddresses) this.#context.serviceAddresses.release(key, service, endMs);
    for (const key of nodePorts) this.#context.nodePorts.release(key, service, endMs);
    this.#backends.removeService(service);
  }

  /** The texts of the addresses among some texts, in one form. */
  #addresses(texts: readonly string[]): string[] {
    const addresses = new Set<string>();
    for (const text of texts) {
      if (text === HEADLESS || text === '') continue;
      const key = addressKey(text);
      if (key === undefined || !isUsableAddress(key)) this.#counters.add('services', 'address_unusable');
      else addresses.add(addressText(key));
    }
    return [...addresses];
  }

  #replaceClaims(service: WatchedService, before: ServiceClaims, after: ServiceClaims, moment: Moment): void {
    const { endpoints, serviceAddresses, nodePorts } = this.#context;
    // At first as old as the Service; what is added later was not there when it was last told of.
    const fromMs = service.claimsFromMs ?? moment.sinceMs;
    service.claimsFromMs = undefined;
    this.#replace(endpoints, service, before.endpoints, after.endpoints, fromMs, moment);
    this.#replace(serviceAddresses, service, before.serviceAddresses, after.serviceAddresses, fromMs, moment);
    this.#replace(nodePorts, service, before.nodePorts, after.nodePorts, fromMs, moment);
  }

  #replace<K extends EndpointKey>(
    table: ClaimTable<K, KubeService>,
    service: WatchedService,
    before: ReadonlySet<K>,
    after: ReadonlySet<K>,
    fromMs: number,
    moment: Moment,
  ): void {
    for (const key of before) if (!after.has(key)) table.release(key, service, endOf(moment));
    for (const key of after) {
      if (before.has(key)) continue;
      if (!claimAfter(table, key, service, fromMs)) this.#counters.add('services', 'table_full');
    }
  }
}

/** Without a selector now, the pods of an earlier one say nothing of who answers. */
function withSelector(before: readonly Pairs[], selector: Pairs): readonly Pairs[] {
  if (selector.length === 0) return [];
  const others = before.filter((each) => !arePairsEqual(each, selector));
  return [...others.slice(1 - MAX_SELECTORS), selector];
}

interface ServiceClaims {
  readonly endpoints: ReadonlySet<EndpointKey>;
  readonly serviceAddresses: ReadonlySet<AddressKey>;
  readonly nodePorts: ReadonlySet<number>;
}

function claimsOf({ clusterIps, externalAddresses, ports }: KubeService): ServiceClaims {
  const endpoints = new Set<EndpointKey>();
  const serviceAddresses = new Set<AddressKey>();
  const nodePorts = new Set<number>();
  for (const text of [...clusterIps, ...externalAddresses]) {
    const key = addressKey(text);
    if (key === undefined) continue;
    serviceAddresses.add(key);
    for (const { port, transport } of ports) endpoints.add(endpointKey(key, port, transport));
  }
  for (const { nodePort, transport } of ports)
    if (nodePort !== 0) nodePorts.add(portKey(nodePort, transport));
  return { endpoints, serviceAddresses, nodePorts };
}

function arePortsEqual(left: readonly ServicePort[], right: readonly ServicePort[]): boolean {
  return (
    left.length === right.length &&
    left.every((port, index) => {
      const other = right[index]!;
      return (
        port.name === other.name &&
        port.port === other.port &&
        port.transport === other.transport &&
        port.nodePort === other.nodePort &&
        port.targetPort === other.targetPort
      );
    })
  );
}
