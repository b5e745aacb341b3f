/**
 * Whose an address is, and when. A pod claims its addresses from the earliest moment at which it can have held them, because
 * its traffic comes before its status. Where that would reach into the time of the pod that had the address before, what is
 * known of both decides; what remains of an overlap belongs to nobody. docs/facts.md has the reasons.
 */
import { type AddressKey, addressKey, type Claim, type Context, type Holder } from '@tributary/core';
import type { PodState } from '../objects/pod.ts';
import { isUsableAddress } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { DELIVERY_MS, endOf, type Moment, surely } from './moment.ts';
import { earliestMs, endedMs, firstRunMs, hasEnded, surelyRunsMs } from './pod-life.ts';
import { compactOf, listOf, WatchedPod } from './watched-pod.ts';

/**
 * An address that was another's so shortly before is handed on at once: who was told to be gone may be running yet (a deletion by
 * force is told before it is done), and a second that was cut off says too little of when the next began.
 */
const REUSED_MS = 2_000;

/** Keeps the context's addresses as the pods have them. */
export class PodAddresses {
  readonly #context: Context;
  readonly #counters: FactCounters;
  /**
   * Before this a pod had no address: not yet, when it had not been made or was last seen before a kubelet had taken it; or no
   * more, when it was told to have lost one.
   */
  readonly #withoutMs = new Map<WatchedPod, number>();

  constructor(context: Context, counters: FactCounters) {
    this.#context = context;
    this.#counters = counters;
  }

  /** A pod is known for the first time: up to `absentMs` it would have been told of, had it been there. */
  made(pod: WatchedPod, { absentMs }: Moment): void {
    if (absentMs !== Number.NEGATIVE_INFINITY) this.#withoutMs.set(pod, absentMs);
  }

  /** Takes in what the pod says of its addresses; whether anything has changed. */
  update(pod: WatchedPod, state: PodState, moment: Moment): boolean {
    const before = listOf(pod.addressKeys);
    const now = this.#usable(state, before);
    if (state.startSeconds === 0 && now.length === 0 && before.length === 0) {
      if (!moment.isListed && !moment.isLate) this.#withoutMs.set(pod, moment.atMs);
      return false;
    }
    const hasChanged = !areEqual(before, now);
    if (pod.hostNetwork) {
      this.release(pod, moment.atMs);
      pod.addressKeys = compactOf(now);
      return hasChanged;
    }
    if (hasChanged) this.#change(pod, before, now, state, moment);
    if (pod.hold === 'held' && hasEnded(state)) this.release(pod, endedMs(state, moment));
    return hasChanged;
  }

  /** The pod holds no addresses any more, since `endMs` (milliseconds since the Unix epoch). */
  release(pod: WatchedPod, endMs: number): void {
    this.#withoutMs.delete(pod);
    if (pod.hold !== 'held') return;
    pod.hold = 'lost';
    for (const key of listOf(pod.addressKeys)) this.#context.addresses.release(key, pod, endMs);
  }

  #usable(state: PodState, before: readonly AddressKey[]): readonly AddressKey[] {
    const keys: AddressKey[] = [];
    for (const text of state.addresses) {
      const key = addressKey(text);
      // The node's own, as of a Windows host process: it says who the node is, not who the pod is.
      const isOfHost = !state.hostNetwork && state.hostAddresses.includes(text);
      if (key === undefined || !isUsableAddress(key)) this.#counters.add('pods', 'address_unusable');
      else if (!isOfHost && !keys.includes(key)) keys.push(key);
    }
    return areEqual(before, keys) ? before : keys;
  }

  #change(
    pod: WatchedPod,
    before: readonly AddressKey[],
    now: readonly AddressKey[],
    state: PodState,
    moment: Moment,
  ): void {
    if (pod.hold === 'held') {
      for (const key of before) {
        if (!now.includes(key)) this.#context.addresses.release(key, pod, endOf(moment));
      }
    }
    pod.addressKeys = compactOf(now);
    if (now.length === 0) {
      if (pod.hold === 'held') pod.hold = 'lost';
      this.#withoutMs.set(pod, endOf(moment));
      return;
    }
    const from = this.#fromMs(pod, state, moment);
    for (const key of now) {
      if (pod.hold !== 'held' || !before.includes(key)) this.#claim(pod, key, from, state, moment);
    }
    pod.hold = 'held';
    this.#withoutMs.delete(pod);
  }

  /**
   * A pod's first addresses are as old as what runs in it, which is before they are told: without a container it sends nothing.
   * Later ones (its sandbox was made anew) are younger than what was said last. A static pod's object comes after the pod.
   */
  #fromMs(pod: WatchedPod, state: PodState, moment: Moment): number {
    const earliest = earliestMs(state, moment);
    const without = this.#withoutMs.get(pod);
    if (pod.hold !== 'never') {
      return Math.max(earliest, without === undefined ? moment.sinceMs : without - DELIVERY_MS);
    }
    if (state.meta.staticUid !== '') return earliest;
    return Math.max(surely(Math.max(earliest, firstRunMs(state)), moment), without ?? earliest);
  }

  #claim(pod: WatchedPod, key: AddressKey, earliest: number, state: PodState, moment: Moment): void {
    const { addresses } = this.#context;
    // Its beginning may have been told late, as the end of the one before may.
    const possible = Math.max(
      earliestMs(state, moment),
      firstRunMs(state),
      (this.#withoutMs.get(pod) ?? Number.NEGATIVE_INFINITY) - DELIVERY_MS,
    );
    let from = earliest;
    for (const earlier of addresses.claimsOf(key)) {
      // One that has ended already takes no address from another; it had it before.
      if (earlier.to === Number.POSITIVE_INFINITY && hasEnded(state)) continue;
      const until = this.#untilOf(earlier, moment);
      const isOthers = !(earlier.value instanceof WatchedPod && earlier.value.uid === pod.uid);
      const isReused = isOthers && until > from - REUSED_MS && until !== Number.POSITIVE_INFINITY;
      if (isReused) from = Math.max(from, surelyRunsMs(state, from));
      if (earlier.value instanceof WatchedPod && earlier.value.uid === pod.uid) from = Math.max(from, until);
      else if (until > from) from = Math.max(from, Math.min(until, firstRunMs(state)));
      else if (until > possible) addresses.curtail(key, earlier.value, Math.max(earlier.from, possible));
    }
    if (!addresses.claim(key, pod, Math.min(from, moment.atMs))) this.#counters.add('pods', 'table_full');
  }

  /** Until when another has held an address that a pod has now. */
  #untilOf({ value, to }: Claim<Holder>, moment: Moment): number {
    if (to !== Number.POSITIVE_INFINITY) return to;
    // An address is one sandbox's. A pod on its way out has lost it then, even if its object is there yet.
    if (value instanceof WatchedPod && value.isDeleting && !moment.isListed) {
      this.#counters.add('pods', 'address_handed_on');
      const endMs = endOf(moment);
      this.release(value, endMs);
      return endMs;
    }
    this.#counters.add('pods', 'address_shared');
    return to;
  }
}

function areEqual(left: readonly AddressKey[], right: readonly AddressKey[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}
