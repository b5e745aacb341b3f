/**
 * Which pod sent something. A rule names what the resource says of its pod; the first rule whose sources are all there decides,
 * and where it finds no pod no other rule is tried. A pod is looked up by the source that tells most, and must agree with the
 * others:
 *
 *     k8s.pod.uid · container.id     never handed on: also of a pod that is gone
 *     an address · namespace/name    handed on: the pod that holds it now or, if it has had several, held it at the records' time
 *     anything else                  an index of what is extracted; the one living pod that has it
 */
import {
  ATTR_CONTAINER_ID,
  ATTR_HOST_NAME,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_POD_IP,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_UID,
  type Attributes,
  addressKey,
  type ClaimTable,
  type Context,
  type Holder,
  type Pod,
} from '@tributary/core';
import type { AssociationSource, ResourceOptions } from './config.ts';
import type { KnownPods } from './known-pods.ts';
import { PodIndex } from './pod-index.ts';

/** Where the Collector looks for an address beside the semantic conventions' attribute. */
const ATTR_IP = 'ip';

/** What a resource and its batch say of the sender. */
export interface Sender {
  readonly attributes: Attributes;
  /** The address of the connection; empty where not known. */
  readonly address: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The time of the records, for what has had several holders; undefined if they have none. */
  recordTime(): number | undefined;
}

/** What sent something that is no pod: a container by itself, or what a plugin knows. */
export type OtherSender = Exclude<Holder, Pod>;

/** What was found. */
export interface Found {
  readonly pod: Pod | undefined;
  readonly other: OtherSender | undefined;
  /** The sender's address, if the rule went by it. */
  readonly connection: string;
}

const NOTHING: Found = { pod: undefined, other: undefined, connection: '' };

/** Finds the pods that sent resources. */
export class Association {
  readonly #rules: readonly Rule[];
  readonly #context: Context;

  constructor(
    context: Context,
    { pod_association: rules }: Pick<ResourceOptions, 'pod_association'>,
    known: KnownPods,
  ) {
    this.#context = context;
    this.#rules = rules.map(({ sources }) => new Rule(context, sources, known));
  }

  /** Finds what sent a resource. */
  find(sender: Sender): Found {
    if (this.#rules.length === 0) return this.#findByAnyAddress(sender);
    for (const rule of this.#rules) {
      const values = rule.valuesOf(sender);
      if (values !== undefined) return rule.find(values, sender);
    }
    return NOTHING;
  }

  /** As the Collector does without rules; each of these counts as the sender's address. */
  #findByAnyAddress(sender: Sender): Found {
    const { attributes } = sender;
    const hostName = (): string => {
      const name = attributes.getString(ATTR_HOST_NAME) ?? '';
      return addressKey(name) === undefined ? '' : name;
    };
    const connection =
      attributes.getString(ATTR_K8S_POD_IP) || attributes.getString(ATTR_IP) || sender.address || hostName();
    if (connection === '') return NOTHING;
    const isLive = connection === sender.address;
    return foundOf(holderOfAddress(this.#context, connection, sender, isLive), connection);
  }
}

/** One rule: all of its sources must be there. */
class Rule {
  readonly #context: Context;
  readonly #sources: readonly AssociationSource[];
  readonly #known: KnownPods;
  /** Only where no source can be looked up in the context. */
  readonly #index: PodIndex | undefined;
  readonly #connectionAt: number;
  readonly #nameAt: number;
  readonly #namespaceAt: number;
  readonly #directAt: number;

  constructor(context: Context, sources: readonly AssociationSource[], known: KnownPods) {
    this.#context = context;
    this.#sources = sources;
    this.#known = known;
    const at = (name: string): number =>
      sources.findIndex((source) => source.from !== 'connection' && source.name === name);
    this.#connectionAt = sources.findIndex(({ from }) => from === 'connection');
    this.#nameAt = at(ATTR_K8S_POD_NAME);
    this.#namespaceAt = at(ATTR_K8S_NAMESPACE_NAME);
    const direct = [
      at(ATTR_K8S_POD_UID),
      at(ATTR_CONTAINER_ID),
      this.#connectionAt,
      at(ATTR_K8S_POD_IP),
      at(ATTR_HOST_NAME),
    ];
    this.#directAt = direct.find((index) => index !== -1) ?? -1;
    const isIndexed = this.#directAt === -1 && (this.#nameAt === -1 || this.#namespaceAt === -1);
    this.#index = isIndexed
      ? new PodIndex(
          context,
          known,
          sources.map(({ name }) => name),
        )
      : undefined;
  }

  /** What the sources say; undefined if one of them is not there. */
  valuesOf({ attributes, address }: Sender): readonly string[] | undefined {
    const values: string[] = [];
    for (const { from, name } of this.#sources) {
      const value = from === 'connection' ? address : (attributes.getString(name) ?? '');
      // In Kubernetes the host name is sometimes set to the pod's address; otherwise it tells nothing.
      if (value === '' || (name === ATTR_HOST_NAME && addressKey(value) === undefined)) return undefined;
      values.push(value);
    }
    return values;
  }

  find(values: readonly string[], sender: Sender): Found {
    const connection = values[this.#connectionAt] ?? '';
    const found = foundOf(this.#lookUp(values, sender), connection);
    if (this.#sources.length === 1) return found;
    // Of others it is not known what else they are.
    const pod = found.pod !== undefined && this.#agrees(found.pod, values) ? found.pod : undefined;
    return { pod, other: undefined, connection };
  }

  #lookUp(values: readonly string[], sender: Sender): Holder | undefined {
    const context = this.#context;
    if (this.#directAt !== -1) {
      const { from, name } = this.#sources[this.#directAt]!;
      const value = values[this.#directAt]!;
      if (from === 'connection') return holderOfAddress(context, value, sender, true);
      if (name === ATTR_K8S_POD_UID) return context.pods.newest(value);
      if (name === ATTR_CONTAINER_ID) return context.containers.newest(value);
      return holderOfAddress(context, value, sender, false);
    }
    if (this.#index !== undefined) return this.#index.find(values, sender.now);
    const name = `${values[this.#namespaceAt]!}/${values[this.#nameAt]!}`;
    return holderOf(context.podNames, name, sender, false);
  }

  /** Whether the pod is what every source says. */
  #agrees(pod: Pod, values: readonly string[]): boolean {
    return this.#sources.every(({ from, name }, index) => {
      const value = values[index]!;
      if (from === 'connection' || name === ATTR_K8S_POD_IP || name === ATTR_HOST_NAME)
        return hasAddress(pod, value);
      if (name === ATTR_K8S_NAMESPACE_NAME) return pod.namespace === value;
      if (name === ATTR_K8S_POD_NAME) return pod.name === value;
      if (name === ATTR_K8S_POD_UID) return pod.uid === value;
      if (name === ATTR_CONTAINER_ID) return this.#context.containers.newest(value)?.pod === pod;
      return this.#known.of(pod).attributes.get(name) === value;
    });
  }
}

function hasAddress(pod: Pod, address: string): boolean {
  const key = addressKey(address);
  return key !== undefined && !pod.hostNetwork && pod.addresses.some((other) => addressKey(other) === key);
}

function foundOf(holder: Holder | undefined, connection: string): Found {
  if (holder === undefined) return { pod: undefined, other: undefined, connection };
  if (holder.kind === 'pod') return { pod: holder, other: undefined, connection };
  const pod = holder.kind === 'container' ? holder.pod : undefined;
  return { pod, other: pod === undefined ? holder : undefined, connection };
}

function holderOfAddress(
  context: Context,
  address: string,
  sender: Sender,
  isLive: boolean,
): Holder | undefined {
  const key = addressKey(address);
  return key === undefined ? undefined : holderOf(context.addresses, key, sender, isLive);
}

/**
 * Who holds a key that is handed on from one to another. The sender of what comes over a live connection holds it now. What says of
 * itself where it is from may have been under way for long: if the key has had several holders, or its only one is gone, the
 * time of the records tells.
 */
function holderOf<K extends string | number, V>(
  table: ClaimTable<K, V>,
  key: K,
  sender: Sender,
  isLive: boolean,
): V | undefined {
  if (isLive) return table.at(key, sender.now);
  const [newest, ...older] = table.claimsOf(key);
  if (newest === undefined || older.length > 0) return table.at(key, sender.recordTime() ?? sender.now);
  // What was made after its end is another's, who is not known yet.
  const isAfterItsEnd = newest.to < Number.POSITIVE_INFINITY && (sender.recordTime() ?? 0) >= newest.to;
  return isAfterItsEnd ? undefined : newest.value;
}
