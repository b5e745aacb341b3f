/** What containers have in common: most run from a few specifications and are in one of a few states; each is kept once. */
import type { Pairs } from '@tributary/core';

const SPEC_SLOTS = 1 << 12;

/** More combinations of state and reasons than this are not kept: reasons are words of the kubelet's, some dozens. */
const MAX_STATUSES = 1024;

/** Which part of the pod a container has: init containers run before the others, ephemeral ones are added later. */
export type ContainerRole = 'app' | 'init' | 'ephemeral';

/** What the specification says of a container. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  /** `resources.requests` and `limits`: the resource's name and its quantity as text. */
  readonly requests: Pairs;
  readonly limits: Pairs;
}

/** How a container is; `unknown` until the kubelet has said something. */
export type ContainerStateName = 'unknown' | 'waiting' | 'running' | 'terminated';

/** What the kubelet says of a container. */
export interface ContainerCondition {
  readonly state: ContainerStateName;
  readonly isReady: boolean;
  /** Why it waits or was terminated: `CrashLoopBackOff`, `OOMKilled`; else empty. */
  readonly reason: string;
  /** Why its previous run ended; empty if there was none. */
  readonly lastReason: string;
}

/** What is said of a container that nobody has said anything of. */
export const NO_CONDITION: ContainerCondition = {
  state: 'unknown',
  isReady: false,
  reason: '',
  lastReason: '',
};

/** Gives equal parts as one object. */
export class ContainerParts {
  readonly #specs: (ContainerSpec | undefined)[] = new Array<ContainerSpec | undefined>(SPEC_SLOTS).fill(
    undefined,
  );
  readonly #conditions = new Map<string, ContainerCondition>();
  #lastCondition = NO_CONDITION;

  spec(spec: ContainerSpec): ContainerSpec {
    let hash = 0;
    for (const text of [spec.name, spec.image]) {
      for (let index = 0; index < text.length; index++) {
        hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
      }
    }
    const slot = (hash ^ (hash >>> 15)) & (SPEC_SLOTS - 1);
    const known = this.#specs[slot];
    if (
      known !== undefined &&
      known.name === spec.name &&
      known.image === spec.image &&
      known.role === spec.role &&
      known.requests === spec.requests &&
      known.limits === spec.limits
    ) {
      return known;
    }
    this.#specs[slot] = spec;
    return spec;
  }

  condition(
    state: ContainerStateName,
    isReady: boolean,
    reason: string,
    lastReason: string,
  ): ContainerCondition {
    const last = this.#lastCondition;
    // Most containers are as the one before.
    if (
      last.state === state &&
      last.isReady === isReady &&
      last.reason === reason &&
      last.lastReason === lastReason
    ) {
      return last;
    }
    this.#lastCondition = this.#otherCondition(state, isReady, reason, lastReason);
    return this.#lastCondition;
  }

  #otherCondition(
    state: ContainerStateName,
    isReady: boolean,
    reason: string,
    lastReason: string,
  ): ContainerCondition {
    const key = `${state} ${isReady} ${reason.length} ${reason} ${lastReason}`;
    const known = this.#conditions.get(key);
    if (known !== undefined) return known;
    const condition = { state, isReady, reason, lastReason };
    if (this.#conditions.size < MAX_STATUSES) this.#conditions.set(key, condition);
    return condition;
  }
}
