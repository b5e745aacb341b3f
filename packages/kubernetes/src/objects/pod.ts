/**
 * `core.v1.Pod`, of which this much is read:
 *
 *     1 metadata: ObjectMeta
 *     2 spec     2 containers · 20 initContainers: Container { 1 name · 2 image · 8 resources { 1 limits · 2 requests } }
 *                34 ephemeralContainers: { 1 ephemeralContainerCommon: as Container }
 *                10 nodeName · 16 hostname: strings · 11 hostNetwork: bool
 *     3 status   1 phase · 4 reason · 5 hostIP · 6 podIP: strings · 12 podIPs · 16 hostIPs: { 1 ip }
 *                2 conditions: { 1 type · 2 status } · 7 startTime: Time
 *                8 containerStatuses · 10 initContainerStatuses · 13 ephemeralContainerStatuses: ContainerStatus
 *
 * (k8s.io/api/core/v1/generated.proto).
 */

import { MalformedError } from '../wire/field-reader.ts';
import { ContainerParts, type ContainerRole, type ContainerSpec } from './container-parts.ts';
import { type ContainerReport, readContainerStatus } from './container-status.ts';
import { clearMetadata, type MetadataDecoder, ObjectMeta } from './metadata.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';
import { NO_PAIRS, type PairsCache } from './pairs.ts';
import type { PodCondition } from './pod-condition.ts';

/** A pod as an event has it; one instance is filled for each anew. */
export class PodState implements PodCondition {
  readonly meta = new ObjectMeta();
  nodeName = '';
  /** `spec.hostname`; empty if the pod's name is its host name. */
  hostName = '';
  hostNetwork = false;
  phase = '';
  /** Why it is in that phase, such as `Evicted`. */
  reason = '';
  isReady = false;
  /** `status.startTime`: whole seconds since the Unix epoch, cut off; 0: the kubelet has not taken it yet. */
  startSeconds = 0;
  /** `status.podIPs`, or `podIP` where there are none. */
  addresses: string[] = [];
  /** Addresses of the node, as the pod's status has them. */
  hostAddresses: string[] = [];
  specs: ContainerSpec[] = [];
  reports: ContainerReport[] = [];

  get isDeleting(): boolean {
    return this.meta.isDeleting;
  }
}

/** Reads pods. */
export class PodDecoder {
  readonly #metadata: MetadataDecoder;
  readonly #pairs: PairsCache;
  readonly #parts = new ContainerParts();

  constructor(metadata: MetadataDecoder, pairs: PairsCache) {
    this.#metadata = metadata;
    this.#pairs = pairs;
  }

  /** Reads the pod that `reader.begin` has begun. Throws `MalformedError`. */
  read(reader: ObjectReader, end: number, into: PodState): void {
    clearPod(into);
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === 1) this.#metadata.read(reader, end, into.meta);
      else if (field === 2) this.#readSpec(reader, reader.enter(end), into);
      else if (field === 3) this.#readStatus(reader, reader.enter(end), into);
      else reader.skip(end);
    }
  }

  #readSpec(reader: ObjectReader, end: number, into: PodState): void {
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === 2) this.#readContainer(reader, reader.enter(end), 'app', into.specs);
      else if (field === 20) this.#readContainer(reader, reader.enter(end), 'init', into.specs);
      else if (field === 34) this.#readEphemeralContainer(reader, reader.enter(end), into.specs);
      else if (field === 10) into.nodeName = reader.name(end, true);
      else if (field === 11) into.hostNetwork = reader.boolean(end);
      else if (field === 16) into.hostName = reader.name(end, true);
      else reader.skip(end);
    }
  }

  #readEphemeralContainer(reader: ObjectReader, end: number, into: ContainerSpec[]): void {
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === 1) this.#readContainer(reader, reader.enter(end), 'ephemeral', into);
      else reader.skip(end);
    }
  }

  #readContainer(reader: ObjectReader, end: number, role: ContainerRole, into: ContainerSpec[]): void {
    let name = '';
    let image = '';
    let requests = NO_PAIRS;
    let limits = NO_PAIRS;
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === 1) name = reader.name(end, true);
      else if (field === 2) image = reader.sharedText(end);
      else if (field === 8) {
        const resourcesEnd = reader.enter(end);
        for (let part = reader.field(resourcesEnd); part !== 0; part = reader.field(resourcesEnd)) {
          if (part === 1) limits = this.#pairs.read(reader, resourcesEnd, 'quantity', limits);
          else if (part === 2) requests = this.#pairs.read(reader, resourcesEnd, 'quantity', requests);
          else reader.skip(resourcesEnd);
        }
      } else reader.skip(end);
    }
    push(into, this.#parts.spec({ name, image, role, requests, limits }));
  }

  #readStatus(reader: ObjectReader, end: number, into: PodState): void {
    let address = '';
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === 1) into.phase = reader.sharedText(end);
      else if (field === 2) readCondition(reader, reader.enter(end), into);
      else if (field === 4) into.reason = reader.sharedText(end);
      else if (field === 5) push(into.hostAddresses, reader.sharedText(end));
      else if (field === 6) address = reader.text(end);
      else if (field === 7) into.startSeconds = reader.seconds(end);
      else if (field === 8) this.#readReport(reader, reader.enter(end), 'app', into);
      else if (field === 10) this.#readReport(reader, reader.enter(end), 'init', into);
      else if (field === 12) readAddress(reader, reader.enter(end), into.addresses);
      else if (field === 13) this.#readReport(reader, reader.enter(end), 'ephemeral', into);
      else if (field === 16) readAddress(reader, reader.enter(end), into.hostAddresses);
      else reader.skip(end);
    }
    if (into.addresses.length === 0 && address !== '') into.addresses.push(address);
  }

  #readReport(reader: ObjectReader, end: number, role: ContainerRole, into: PodState): void {
    push(into.reports, readContainerStatus(reader, end, role, this.#parts));
  }
}

function readCondition(reader: ObjectReader, end: number, into: PodState): void {
  let type = '';
  let status = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) type = reader.sharedText(end);
    else if (field === 2) status = reader.sharedText(end);
    else reader.skip(end);
  }
  if (type === 'Ready') into.isReady = status === 'True';
}

function readAddress(reader: ObjectReader, end: number, into: string[]): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) push(into, reader.text(end));
    else reader.skip(end);
  }
}

function push<T>(list: T[], item: T): void {
  if (list.length === MAX_ENTRIES) throw new MalformedError('a list with too many entries');
  list.push(item);
}

function clearPod(pod: PodState): void {
  clearMetadata(pod.meta);
  pod.nodeName = '';
  pod.hostName = '';
  pod.hostNetwork = false;
  pod.phase = '';
  pod.reason = '';
  pod.isReady = false;
  pod.startSeconds = 0;
  pod.addresses = [];
  pod.hostAddresses = [];
  pod.specs = [];
  pod.reports = [];
}
