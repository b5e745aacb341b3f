/** What pods say of the world: their uids, names, containers and, in pod-addresses.ts, addresses. */
import type { Context } from '@tributary/core';
import type { ObjectMeta } from '../objects/metadata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { arePairsEqual } from '../objects/pairs.ts';
import { type PodDecoder, PodState } from '../objects/pod.ts';
import { areConditionsEqual, PodConditions } from '../objects/pod-condition.ts';
import { claimAfter, claimId } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { beginOf, type Moment } from './moment.ts';
import type { ObjectKind } from './object-store.ts';
import { PodAddresses } from './pod-addresses.ts';
import { PodContainers } from './pod-containers.ts';
import { WatchedPod } from './watched-pod.ts';

/** A hash of the manifest. Anything else in its annotation could be another pod's uid, put there by whoever makes pods. */
const STATIC_UID = /^[0-9a-f]{32}$/;

/** Keeps what the context says of pods as their objects have it. */
export class PodFacts implements ObjectKind<WatchedPod> {
  readonly resource = 'pods';
  readonly #state = new PodState();
  readonly #context: Context;
  readonly #decoder: PodDecoder;
  readonly #counters: FactCounters;
  readonly #addresses: PodAddresses;
  readonly #containers: PodContainers;
  readonly #conditions = new PodConditions();
  /** The uids by which kubelets know the static pods among them. */
  readonly #staticUids = new Map<WatchedPod, string>();

  constructor(context: Context, decoder: PodDecoder, counters: FactCounters) {
    this.#context = context;
    this.#decoder = decoder;
    this.#counters = counters;
    this.#addresses = new PodAddresses(context, counters);
    this.#containers = new PodContainers(context, counters);
  }

  get meta(): ObjectMeta {
    return this.#state.meta;
  }

  decode(reader: ObjectReader, end: number): void {
    this.#decoder.read(reader, end, this.#state);
  }

  predecessor(): WatchedPod | undefined {
    for (const { value, to } of this.#context.podNames.claimsOf(`${this.meta.namespace}/${this.meta.name}`)) {
      if (to === Number.POSITIVE_INFINITY && value instanceof WatchedPod) return value;
    }
    return undefined;
  }

  create(moment: Moment): WatchedPod {
    const { uid, name, namespace, createdSeconds, staticUid } = this.meta;
    const pod = new WatchedPod(uid, name, namespace, createdSeconds);
    const { pods, podNames } = this.#context;
    this.#addresses.made(pod, moment);
    this.#count(claimId(pods, uid, pod));
    this.#count(claimAfter(podNames, pod.key, pod, beginOf(createdSeconds, moment)));
    if (STATIC_UID.test(staticUid)) {
      this.#staticUids.set(pod, staticUid);
      this.#count(claimId(pods, staticUid, pod));
    }
    return pod;
  }

  update(pod: WatchedPod, moment: Moment): boolean {
    const state = this.#state;
    const hasChanged = this.#updateFields(pod, state);
    const haveContainersChanged = this.#containers.update(pod, state, moment.atMs);
    const haveAddressesChanged = this.#addresses.update(pod, state, moment);
    return hasChanged || haveContainersChanged || haveAddressesChanged;
  }

  remove(pod: WatchedPod, endMs: number): void {
    this.#addresses.release(pod, endMs);
    this.#containers.release(pod, endMs);
    const { pods, podNames } = this.#context;
    pods.release(pod.uid, pod, endMs);
    podNames.release(pod.key, pod, endMs);
    const staticUid = this.#staticUids.get(pod);
    if (staticUid === undefined) return;
    this.#staticUids.delete(pod);
    pods.release(staticUid, pod, endMs);
  }

  #count(isTaken: boolean): void {
    if (!isTaken) this.#counters.add('pods', 'table_full');
  }

  /** Takes over what the object says, but for containers and addresses; whether anything has changed. */
  #updateFields(pod: WatchedPod, state: PodState): boolean {
    const { meta } = state;
    if (
      pod.nodeName === state.nodeName &&
      areConditionsEqual(pod.condition, state) &&
      pod.startSeconds === state.startSeconds &&
      pod.hostName === state.hostName &&
      pod.owner === meta.owner &&
      arePairsEqual(pod.labels, meta.labels) &&
      arePairsEqual(pod.annotations, meta.annotations)
    ) {
      return false;
    }
    pod.nodeName = state.nodeName;
    if (!areConditionsEqual(pod.condition, state)) pod.condition = this.#conditions.get(state);
    pod.startSeconds = state.startSeconds;
    pod.hostName = state.hostName;
    pod.owner = meta.owner;
    pod.labels = meta.labels;
    pod.annotations = meta.annotations;
    return true;
  }
}
