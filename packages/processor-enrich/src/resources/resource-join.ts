import {
  ATTR_CONTAINER_ID,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_CONTAINER_RESTART_COUNT,
  ATTR_K8S_POD_IP,
  type Attributes,
  type Batch,
  type Context,
  type Counter,
  type Pod,
  type ResourceGroup,
  type Settings,
  SIGNALS,
  type Signal,
} from '@tributary/core';
import { Association, type Sender } from './association.ts';
import type { ResourceOptions } from './config.ts';
import { ExtractionRules } from './extraction-rules.ts';
import { containerOf, KnownPods } from './known-pods.ts';
import { OtherSenders } from './other-senders.ts';
import { PodFilter } from './pod-filter.ts';
import { recordTimeOf } from './record-time.ts';
import { UnknownSender } from './unknown-sender.ts';

/** What a join does beside naming pods, or instead. */
export interface ResourceJoinModes {
  /** Only adds the sender's address, for another to go by. */
  readonly passthrough?: boolean;
  /** Also names what is no pod: containers by themselves, and what plugins know. */
  readonly namesOthers?: boolean;
}

interface Outcomes {
  readonly found: Counter;
  readonly notFound: Counter;
}

/** Adds to the resources of spans, metrics and logs what is known of who sent them. What a resource says already stays. */
export class ResourceJoin {
  readonly #rules: ExtractionRules;
  readonly #known: KnownPods;
  readonly #association: Association;
  readonly #unknownSender: UnknownSender;
  readonly #outcomes: Readonly<Record<Signal, Outcomes>>;
  readonly #isPassthrough: boolean;
  readonly #namesOthers: boolean;
  readonly #others = new OtherSenders();

  private constructor(
    context: Context,
    options: ResourceOptions,
    outcomes: Readonly<Record<Signal, Outcomes>>,
    { passthrough = false, namesOthers = false }: ResourceJoinModes,
  ) {
    this.#rules = new ExtractionRules(options);
    this.#rules.askFor(context.wanted);
    this.#known = new KnownPods(context, this.#rules, new PodFilter(options));
    this.#association = new Association(context, options, this.#known);
    this.#unknownSender = new UnknownSender(context, this.#rules);
    this.#outcomes = outcomes;
    this.#isPassthrough = passthrough;
    this.#namesOthers = namesOthers;
  }

  /** Joins with the facts of the settings' context; counts by the Collector's metric what was found. */
  static create(
    { context, telemetry }: Pick<Settings, 'context' | 'telemetry'>,
    options: ResourceOptions,
    modes: ResourceJoinModes = {},
  ): ResourceJoin {
    const count = (signal: Signal, status: 'success' | 'error'): Counter =>
      telemetry.counter(
        'otelcol.k8s.pod.association',
        { description: 'Resources by whether the pod was found that sent them.', unit: '{resource}' },
        { status, 'otelcol.signal': signal },
      );
    const outcomes = Object.fromEntries(
      SIGNALS.map((signal) => [
        signal,
        { found: count(signal, 'success'), notFound: count(signal, 'error') },
      ]),
    ) as Record<Signal, Outcomes>;
    return new ResourceJoin(context, options, outcomes, modes);
  }

  /** Edits the resources of a batch, but for the groups that `isLeftOut` names. */
  join(batch: Batch, isLeftOut?: (group: ResourceGroup) => boolean): void {
    const now = Date.now();
    const address = batch.meta.peerAddress ?? '';
    const { found, notFound } = this.#outcomes[batch.signal];
    for (const group of batch.resources()) {
      if (isLeftOut?.(group) === true) continue;
      const { attributes } = group.resource;
      const sender: Sender = { attributes, address, now, recordTime: () => recordTimeOf(group) };
      if (this.#isPassthrough) this.#passThrough(sender);
      else (this.#joinResource(sender) ? found : notFound).add(1);
    }
  }

  #passThrough(sender: Sender): void {
    const { connection } = this.#association.find(sender);
    if (connection !== '') setMissing(sender.attributes, ATTR_K8S_POD_IP, connection);
  }

  #joinResource(sender: Sender): boolean {
    const { attributes } = sender;
    const { pod, other, connection } = this.#association.find(sender);
    if (connection !== '' && this.#rules.has(ATTR_K8S_POD_IP))
      setMissing(attributes, ATTR_K8S_POD_IP, connection);
    const known = pod === undefined ? undefined : this.#known.of(pod);
    if (other !== undefined && this.#namesOthers) {
      attributes.addMissing(this.#others.of(other));
      return true;
    }
    if (known?.isAccepted !== true) {
      this.#unknownSender.describe(attributes);
      return false;
    }
    const container = this.#rules.hasContainers ? containerSentBy(known.pod, attributes) : undefined;
    const isThisRun = container !== undefined && isOfRun(attributes, container.restartCount);
    attributes.addMissing(known.encoded(container, isThisRun));
    return true;
  }
}

/** Sets an attribute that is not there, or empty. */
function setMissing(attributes: Attributes, key: string, value: string): void {
  if ((attributes.get(key) ?? '') === '') attributes.set(key, value);
}

function containerSentBy(pod: Pod, attributes: Attributes): ReturnType<typeof containerOf> {
  const name = attributes.getString(ATTR_K8S_CONTAINER_NAME) ?? '';
  const id = name === '' ? (attributes.getString(ATTR_CONTAINER_ID) ?? '') : '';
  return containerOf(pod, name, id);
}

/** Whether a resource speaks of the run of a container with so many restarts before it; one that says nothing does. */
function isOfRun(attributes: Attributes, restartCount: number): boolean {
  const given = attributes.get(ATTR_K8S_CONTAINER_RESTART_COUNT);
  if (given === undefined) return true;
  if (typeof given === 'number') return given === restartCount;
  return typeof given === 'string' && /^[+-]?[0-9]+$/.test(given) && Number(given) === restartCount;
}
