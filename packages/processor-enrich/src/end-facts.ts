/**
 * What business tables see of one end of a flow, and how they add to it. An end is asked about in two ways, since what is known
 * of who it is changes seldom and is kept in encoded form, while its address is another in every record:
 *
 *     tables.ofIdentity(facts)     once for each thing, kept until it or the tables change
 *     tables.ofAddress(address)    for each record
 */
import type { AddressKey, AnyValue, Pairs } from '@tributary/core';

/** How an end was found, from the surest to the least sure; `none`: not at all. */
export const MATCHES = [
  'cgroup',
  'peer_socket',
  'pod_ip',
  'conntrack',
  'service',
  'node',
  'dns',
  'cidr',
  'none',
] as const;

/** One of them: the value of `source.match` and `destination.match`. */
export type Match = (typeof MATCHES)[number];

/** The workload that made a pod, at its top: a CronJob, not its Job; a Deployment, not its ReplicaSet. */
export interface EndWorkload {
  /** As the API has it: `Deployment`. */
  readonly kind: string;
  readonly name: string;
}

/** Who is at an end. */
export interface EndFacts {
  readonly namespace: string | undefined;
  readonly workload: EndWorkload | undefined;
  /** Labels of the pod, container, Service or node. */
  readonly labels: Pairs;
  readonly namespaceLabels: Pairs;
  /** The DNS name by which the client found the end. */
  readonly dnsName: string | undefined;
  /** What is told of the end, by the names of the semantic conventions without a prefix. */
  readonly attributes: Readonly<Record<string, AnyValue>>;
}

/** Attributes that a table adds, by names without a prefix. The same object as long as the tables stay the same. */
export type AddedAttributes = Readonly<Record<string, AnyValue>>;

/**
 * What `enrich` asks of the tables. Where several give the same attribute, those by identity count before those by address, and
 * of each the first table of the configuration.
 */
export interface EndTables {
  /** Grows when what the tables answer may have changed: all that was made of their answers is out of date then. */
  readonly revision: number;
  /** What the rows add that match who the end is. */
  ofIdentity(facts: EndFacts): AddedAttributes | undefined;
  /** What the rows add that match an address. */
  ofAddress(address: AddressKey): AddedAttributes | undefined;
}
