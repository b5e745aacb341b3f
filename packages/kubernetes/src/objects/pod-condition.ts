/** How a pod is: there are few ways to be, so that each is kept once. */
export interface PodCondition {
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty if nothing is said. */
  readonly phase: string;
  /** Why it is in that phase, such as `Evicted`; mostly empty. */
  readonly reason: string;
  /** The condition `Ready`. */
  readonly isReady: boolean;
  /** Whether it was asked to go; it may run on for its grace period. */
  readonly isDeleting: boolean;
  readonly hostNetwork: boolean;
}

/** What is said of a pod that nobody has said anything of. */
export const NO_POD_CONDITION: PodCondition = {
  phase: '',
  reason: '',
  isReady: false,
  isDeleting: false,
  hostNetwork: false,
};

/** More than this are not shared: phases and reasons are words of the kubelet's and the control plane's, some dozens. */
const MAX_CONDITIONS = 1024;

/** Gives equal conditions as one object. */
export class PodConditions {
  readonly #conditions = new Map<string, PodCondition>();

  get({ phase, reason, isReady, isDeleting, hostNetwork }: PodCondition): PodCondition {
    const key = `${isReady} ${isDeleting} ${hostNetwork} ${phase.length} ${phase} ${reason}`;
    const known = this.#conditions.get(key);
    if (known !== undefined) return known;
    const condition = { phase, reason, isReady, isDeleting, hostNetwork };
    if (this.#conditions.size < MAX_CONDITIONS) this.#conditions.set(key, condition);
    return condition;
  }
}

/** Whether two conditions say the same. */
export function areConditionsEqual(left: PodCondition, right: PodCondition): boolean {
  return (
    left.phase === right.phase &&
    left.reason === right.reason &&
    left.isReady === right.isReady &&
    left.isDeleting === right.isDeleting &&
    left.hostNetwork === right.hostNetwork
  );
}
