/** What EndpointSlices say of the world: who answers for a Service now. */
import { addressKey, addressText, type Backend, pairValue } from '@tributary/core';
import { EndpointSliceState, readEndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts';
import type { MetadataDecoder, ObjectMeta } from '../objects/metadata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { areBackendsEqual, type Backends } from './backends.ts';
import { isUsableAddress } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import type { Moment } from './moment.ts';
import type { ObjectKind } from './object-store.ts';
import { type WatchedService, WatchedSlice } from './watched-objects.ts';

/** Endpoints whose addresses are names. */
const NAMES = 'FQDN';

/** Keeps the backends of Services as the slices have them. */
export class SliceFacts implements ObjectKind<WatchedSlice> {
  readonly resource = 'endpointslices';
  readonly #state = new EndpointSliceState();
  readonly #metadata: MetadataDecoder;
  readonly #counters: FactCounters;
  readonly #backends: Backends;
  readonly #onService: (service: WatchedService, atMs: number) => void;

  /** `onService` is told of Services whose backends have changed. */
  constructor(
    metadata: MetadataDecoder,
    counters: FactCounters,
    backends: Backends,
    onService: (service: WatchedService, atMs: number) => void,
  ) {
    this.#metadata = metadata;
    this.#counters = counters;
    this.#backends = backends;
    this.#onService = onService;
  }

  get meta(): ObjectMeta {
    return this.#state.meta;
  }

  decode(reader: ObjectReader, end: number): void {
    readEndpointSlice(reader, end, this.#metadata, this.#state);
  }

  /** Slices are known by what they are labelled with; their own names say nothing. */
  predecessor(): undefined {
    return undefined;
  }

  create(): WatchedSlice {
    const { uid, name, namespace } = this.meta;
    return new WatchedSlice(uid, name, namespace);
  }

  update(slice: WatchedSlice, moment: Moment): boolean {
    const serviceName = pairValue(this.meta.labels, SERVICE_NAME_LABEL) ?? '';
    const backends = this.#usable();
    if (slice.serviceName === serviceName && areBackendsEqual(slice.backends, backends)) return false;
    if (slice.serviceName !== serviceName) this.remove(slice, moment.atMs, moment.atMs);
    slice.serviceName = serviceName;
    slice.backends = backends;
    this.#tell(this.#backends.setSlice(slice, moment.atMs), moment.atMs);
    return true;
  }

  /** Its backends may have answered until it was learnt that it is gone. */
  remove(slice: WatchedSlice, _endMs: number, atMs: number): void {
    this.#tell(this.#backends.removeSlice(slice, atMs), atMs);
  }

  #tell(service: WatchedService | undefined, atMs: number): void {
    if (service !== undefined) this.#onService(service, atMs);
  }

  #usable(): readonly Backend[] {
    const { addressType, backends } = this.#state;
    if (addressType === NAMES) return [];
    const byAddress = new Map<string, Backend>();
    for (const backend of backends) {
      const key = addressKey(backend.address);
      if (key === undefined || !isUsableAddress(key)) {
        this.#counters.add('endpointslices', 'address_unusable');
        continue;
      }
      const address = addressText(key);
      if (!byAddress.has(address)) byAddress.set(address, { ...backend, address });
    }
    return [...byAddress.values()];
  }
}
