/** What is told of who is at an end: attributes, what tables match on, the place, and what all that was made of. */
import {
  type AnyValue,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_NAME,
  ATTR_DNS_QUESTION_NAME,
  ATTR_HOST_NAME,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_SERVICE_NAME,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  type Container,
  type Context,
  type KubeNode,
  type KubeService,
  type Pairs,
  type Pod,
  parseImageReference,
} from '@tributary/core';
import type { EndFacts, EndWorkload } from '../end-facts.ts';
import { Dependencies } from './dependencies.ts';
import type { End, Subject } from './end.ts';
import { cloudAttributes, OUTSIDE, type Place, placeOn } from './places.ts';
import type { SharedFacts } from './shared-facts.ts';
import { SocketOwner } from './socket-owner.ts';
import { WORKLOAD_ATTRIBUTES, workloadOf } from './workloads.ts';

const NO_PAIRS: Pairs = [];

/** What is told of an end, and whether it still holds. */
export interface Description {
  readonly facts: EndFacts;
  readonly place: Place | undefined;
  readonly dependencies: Dependencies;
}

/** Gathers what is told of `subject`, who was found behind `service` if that is given. */
export function describe(
  context: Context,
  shared: SharedFacts,
  { subject, service }: Pick<End, 'service'> & { readonly subject: Subject },
): Description {
  const draft = new Draft(context, new Dependencies(shared));
  draft.add(subject);
  if (service !== undefined) draft.addService(service);
  return draft;
}

/** A description that is being written. */
class Draft implements Description {
  readonly dependencies: Dependencies;
  place: Place | undefined;
  readonly #context: Context;
  readonly #attributes: Record<string, AnyValue> = {};
  #namespace: string | undefined;
  #workload: EndWorkload | undefined;
  #labels: Pairs = NO_PAIRS;
  #namespaceLabels: Pairs = NO_PAIRS;
  #dnsName: string | undefined;

  constructor(context: Context, dependencies: Dependencies) {
    this.#context = context;
    this.dependencies = dependencies;
  }

  get facts(): EndFacts {
    return {
      namespace: this.#namespace,
      workload: this.#workload,
      labels: this.#labels,
      namespaceLabels: this.#namespaceLabels,
      dnsName: this.#dnsName,
      attributes: this.#attributes,
    };
  }

  add(subject: Subject): void {
    if (typeof subject === 'string') {
      this.#dnsName = subject;
      this.#attributes[ATTR_DNS_QUESTION_NAME] = subject;
      this.place = OUTSIDE;
    } else if (subject instanceof SocketOwner) {
      this.#addOwner(subject);
    } else if (subject.kind === 'pod') {
      this.#addPod(subject);
    } else if (subject.kind === 'container') {
      this.#addContainer(subject, subject.id);
    } else if (subject.kind === 'node') {
      this.#addNode(subject.name, subject);
      this.dependencies.own.push(subject);
      this.#labels = subject.labels;
    } else if (subject.kind === 'service') {
      this.#addNamespace(subject.namespace);
      this.#labels = subject.labels;
      this.#attributes[ATTR_K8S_SERVICE_NAME] = subject.name;
      this.dependencies.own.push(subject);
      this.place = { isInCluster: true, node: undefined, zone: undefined, region: undefined };
    } else {
      Object.assign(this.#attributes, subject.attributes);
      this.dependencies.own.push(subject);
      this.place = OUTSIDE;
    }
  }

  /** The Service through which the subject was reached. */
  addService(service: KubeService): void {
    this.#attributes[ATTR_K8S_SERVICE_NAME] = service.name;
    if (this.#namespace === undefined) this.#addNamespace(service.namespace);
  }

  #addOwner(owner: SocketOwner): void {
    const container = owner.container(this.#context);
    const pod = owner.pod(this.#context);
    if (container !== undefined) {
      this.#addContainer(container, owner.containerId);
    } else if (pod !== undefined) {
      this.#addPod(pod);
      if (owner.containerId !== '') {
        this.#attributes[ATTR_CONTAINER_ID] = owner.containerId;
        this.dependencies.newest(this.#context.containers, owner.containerId);
      }
    }
    if (pod !== undefined) return;
    if (owner.hostName !== '') this.#addHost(owner.hostName);
    if (container !== undefined) return;
    if (owner.unit !== '') this.#attributes[ATTR_SYSTEMD_UNIT_NAME] = owner.unit;
    if (owner.userUnit !== '') this.#attributes[ATTR_SYSTEMD_USER_UNIT_NAME] = owner.userUnit;
  }

  /** The machine on which something is that is no pod's. */
  #addHost(hostName: string): void {
    this.#attributes[ATTR_HOST_NAME] = hostName;
    const node = this.dependencies.newest(this.#context.nodes, hostName);
    if (node !== undefined) this.#addNode(node.name, node);
  }

  /** `id` is the one by which it was found: a container that was started anew has another now. */
  #addContainer(container: Container, id: string): void {
    const { pod, name, image } = container;
    this.dependencies.own.push(container);
    if (pod === undefined) this.#labels = container.labels;
    else this.#addPod(pod);
    if (pod !== undefined && name !== '') this.#attributes[ATTR_K8S_CONTAINER_NAME] = name;
    if (name !== '') this.#attributes[ATTR_CONTAINER_NAME] = name;
    if (id !== '') this.#attributes[ATTR_CONTAINER_ID] = id;
    const imageName = parseImageReference(image)?.name;
    if (imageName !== undefined) this.#attributes[ATTR_CONTAINER_IMAGE_NAME] = imageName;
  }

  #addPod(pod: Pod): void {
    this.dependencies.own.push(pod);
    this.#attributes[ATTR_K8S_POD_NAME] = pod.name;
    this.#attributes[ATTR_K8S_POD_UID] = pod.uid;
    this.#addNamespace(pod.namespace);
    this.#labels = pod.labels;
    this.#workload = workloadOf(this.#context, pod, this.dependencies);
    const { kind, name } = this.#workload ?? {};
    const attribute = kind === undefined ? undefined : WORKLOAD_ATTRIBUTES[kind];
    if (attribute !== undefined && name !== undefined) this.#attributes[attribute] = name;
    const node =
      pod.nodeName === '' ? undefined : this.dependencies.newest(this.#context.nodes, pod.nodeName);
    this.#addNode(pod.nodeName, node);
  }

  #addNamespace(name: string): void {
    this.#namespace = name;
    this.#attributes[ATTR_K8S_NAMESPACE_NAME] = name;
    this.#namespaceLabels = this.dependencies.newest(this.#context.namespaces, name)?.labels ?? NO_PAIRS;
  }

  #addNode(name: string, node: KubeNode | undefined): void {
    if (name !== '') this.#attributes[ATTR_K8S_NODE_NAME] = name;
    this.place = placeOn(name, node);
    if (node !== undefined) Object.assign(this.#attributes, cloudAttributes(node));
  }
}
