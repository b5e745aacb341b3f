import { ATTR_K8S_NAMESPACE_NAME, ATTR_K8S_POD_NAME, type Context, type Pod } from '@tributary/core';
import type { KnownPods } from './known-pods.ts';

/** The index is not made anew more often than this. */
const MIN_INTERVAL_MS = 1000;
/** Nor so often that it takes more than one part in so many of the time. */
const MAX_SHARE = 20;

const SEPARATOR = '\u0000';

/**
 * Living pods by any of their attributes, for rules that name nothing that the context has a table of. Made of all pods when
 * there are others than before, but not often; what several pods have in common finds none of them.
 */
export class PodIndex {
  readonly #context: Context;
  readonly #known: KnownPods;
  readonly #names: readonly string[];
  #pods = new Map<string, Pod | undefined>();
  #nextAt = Number.NEGATIVE_INFINITY;
  /** How far the context's pods had changed when the index was made. */
  #changes = -1;

  constructor(context: Context, known: KnownPods, names: readonly string[]) {
    this.#context = context;
    this.#known = known;
    this.#names = names;
  }

  /** The one pod that has these values now; `now` in milliseconds since the Unix epoch. */
  find(values: readonly string[], now: number): Pod | undefined {
    const { changes } = this.#context.pods;
    if (changes !== this.#changes && performance.now() >= this.#nextAt) this.#rebuild(now);
    const key = values.join(SEPARATOR);
    const found = this.#pods.get(key);
    return found !== undefined && this.#isStill(found, key, now) ? found : undefined;
  }

  #isStill(pod: Pod, key: string, now: number): boolean {
    return this.#context.pods.at(pod.uid, now) === pod && this.#keyOf(pod) === key;
  }

  #rebuild(now: number): void {
    const begin = performance.now();
    const pods = new Map<string, Pod | undefined>();
    for (const uid of this.#context.pods.keys()) {
      const pod = this.#context.pods.at(uid, now);
      const key = pod === undefined ? undefined : this.#keyOf(pod);
      if (key !== undefined) pods.set(key, pods.has(key) ? undefined : pod);
    }
    this.#pods = pods;
    this.#changes = this.#context.pods.changes;
    const end = performance.now();
    this.#nextAt = end + Math.max(MIN_INTERVAL_MS, (end - begin) * MAX_SHARE);
  }

  #keyOf(pod: Pod): string | undefined {
    const { attributes, isAccepted } = this.#known.of(pod);
    if (!isAccepted) return undefined;
    const values = this.#names.map((name) => attributes.get(name) ?? identityOf(pod, name));
    return values.some((value) => value === '') ? undefined : values.join(SEPARATOR);
  }
}

/** What is known of every pod, whether or not it is extracted. */
function identityOf(pod: Pod, name: string): string {
  if (name === ATTR_K8S_POD_NAME) return pod.name;
  return name === ATTR_K8S_NAMESPACE_NAME ? pod.namespace : '';
}
