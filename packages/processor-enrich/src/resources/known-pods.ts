import { type AnyValue, type Container, type Context, EncodedAttributes, type Pod } from '@tributary/core';
import { containerAttributes } from './container-attributes.ts';
import type { ExtractionRules } from './extraction-rules.ts';
import { FactsUsed } from './facts-used.ts';
import { addMissing, podAttributes, surroundings } from './pod-attributes.ts';
import type { PodFilter } from './pod-filter.ts';

/** What is made of a pod, as long as nothing of it changes. */
export interface KnownPod {
  readonly pod: Pod;
  /** Whether the filters let it count. */
  readonly isAccepted: boolean;
  /** What can be said of it whatever the container. */
  readonly attributes: ReadonlyMap<string, string>;
  /** What is added to a resource that it sent. */
  encoded(container: Container | undefined, isThisRun: boolean): EncodedAttributes;
}

/** What is added for each pod, encoded once: kept beside the pod, and made anew when the pod or what it belongs to has changed. */
export class KnownPods {
  readonly #context: Context;
  readonly #rules: ExtractionRules;
  readonly #filter: PodFilter;
  /** Goes with the pod: nothing is kept of pods that the context has forgotten. */
  readonly #known = new WeakMap<Pod, CachedPod>();

  constructor(context: Context, rules: ExtractionRules, filter: PodFilter) {
    this.#context = context;
    this.#rules = rules;
    this.#filter = filter;
  }

  of(pod: Pod): KnownPod {
    const known = this.#known.get(pod);
    if (known?.isCurrent() === true) return known;
    const made = new CachedPod(pod, this.#rules, this.#filter, new FactsUsed(this.#context));
    this.#known.set(pod, made);
    return made;
  }
}

interface Block {
  readonly container: Container | undefined;
  readonly isThisRun: boolean;
  readonly revision: number;
  readonly encoded: EncodedAttributes;
}

class CachedPod implements KnownPod {
  readonly pod: Pod;
  readonly isAccepted: boolean;
  readonly attributes: ReadonlyMap<string, string>;
  readonly #surroundings: ReadonlyMap<string, string>;
  readonly #rules: ExtractionRules;
  readonly #facts: FactsUsed;
  readonly #revision: number;
  /** One for each container that was asked for, and each kind of run. */
  #blocks: Block[] = [];

  constructor(pod: Pod, rules: ExtractionRules, filter: PodFilter, facts: FactsUsed) {
    this.pod = pod;
    this.#rules = rules;
    this.#facts = facts;
    this.#revision = pod.revision;
    this.isAccepted = filter.accepts(pod);
    this.attributes = podAttributes(pod, rules, facts);
    this.#surroundings = surroundings(pod, rules, facts);
  }

  isCurrent(): boolean {
    return this.pod.revision === this.#revision && this.#facts.areCurrent();
  }

  encoded(container: Container | undefined, isThisRun: boolean): EncodedAttributes {
    const revision = container?.revision ?? 0;
    for (const block of this.#blocks) {
      if (block.container !== container || block.isThisRun !== isThisRun) continue;
      if (block.revision === revision) return block.encoded;
      this.#blocks = this.#blocks.filter((other) => other !== block);
      break;
    }
    const encoded = this.#encode(container, isThisRun);
    this.#blocks.push({ container, isThisRun, revision, encoded });
    return encoded;
  }

  #encode(container: Container | undefined, isThisRun: boolean): EncodedAttributes {
    const all = new Map<string, AnyValue>(this.attributes);
    if (container !== undefined)
      addMissing(containerAttributes(this.pod, container, this.#rules, isThisRun), all);
    addMissing(this.#surroundings, all);
    return new EncodedAttributes(all);
  }
}

/** The container of a pod that a resource speaks of; undefined if it is not known which. */
export function containerOf(pod: Pod, name: string, id: string): Container | undefined {
  const { containers } = pod;
  if (name !== '') return containers.find((container) => container.name === name);
  if (id !== '') return containers.find((container) => container.id === id);
  return containers.length === 1 ? containers[0] : undefined;
}
