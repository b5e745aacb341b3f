/** Where an end is, and how far apart two are. */
import {
  type AddressKey,
  type AnyValue,
  ATTR_CLOUD_AVAILABILITY_ZONE,
  ATTR_CLOUD_PROVIDER,
  ATTR_CLOUD_REGION,
  type KubeNode,
  pairValue,
} from '@tributary/core';

/** The labels that cloud providers put on nodes: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const ZONE_LABEL = 'topology.kubernetes.io/zone';
const REGION_LABEL = 'topology.kubernetes.io/region';

/** The scheme of `spec.providerID` of those clouds whose name the semantic conventions have. */
const PROVIDERS: Readonly<Record<string, string>> = {
  aws: 'aws',
  azure: 'azure',
  gce: 'gcp',
  ibm: 'ibm_cloud',
  ibmpowervs: 'ibm_cloud',
  ibmvpc: 'ibm_cloud',
};

/** Where an end is; undefined where it is not known. */
export interface Place {
  /** False for what is known to be outside the cluster. */
  readonly isInCluster: boolean;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly region: string | undefined;
}

/** The values of `network.flow.scope`, from near to far. */
export const SCOPES = ['same_node', 'same_zone', 'same_region', 'same_cluster', 'external'] as const;

/** One of them. */
export type FlowScope = (typeof SCOPES)[number];

/** A place outside the cluster. */
export const OUTSIDE: Place = { isInCluster: false, node: undefined, zone: undefined, region: undefined };

/** The place of what is on a node, of which no more than the name may be known. */
export function placeOn(name: string, node: KubeNode | undefined): Place {
  return {
    isInCluster: true,
    node: name === '' ? undefined : name,
    zone: node === undefined ? undefined : pairValue(node.labels, ZONE_LABEL),
    region: node === undefined ? undefined : pairValue(node.labels, REGION_LABEL),
  };
}

/** What the node's cloud says of itself. */
export function cloudAttributes(node: KubeNode): Record<string, AnyValue> {
  const attributes: Record<string, AnyValue> = {};
  const provider = PROVIDERS[node.providerId.slice(0, Math.max(0, node.providerId.indexOf('://')))];
  const region = pairValue(node.labels, REGION_LABEL);
  const zone = pairValue(node.labels, ZONE_LABEL);
  if (provider !== undefined) attributes[ATTR_CLOUD_PROVIDER] = provider;
  if (region !== undefined) attributes[ATTR_CLOUD_REGION] = region;
  if (zone !== undefined) attributes[ATTR_CLOUD_AVAILABILITY_ZONE] = zone;
  return attributes;
}

/** How far apart two ends are; undefined where one of them is not known at all. */
export function scopeOf(one: Place | undefined, other: Place | undefined): FlowScope | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (!one.isInCluster || !other.isInCluster) return 'external';
  if (isSame(one.node, other.node)) return 'same_node';
  if (isSame(one.zone, other.zone) && !isDifferent(one.region, other.region)) return 'same_zone';
  return isSame(one.region, other.region) ? 'same_region' : 'same_cluster';
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

function isDifferent(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/**
 * Whether an address is one of the Internet, where nobody of the cluster is. Of IPv6 that is never sure: pods have such
 * addresses too. IPv4: https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export function isPublic(address: AddressKey): boolean {
  if (typeof address !== 'number') return false;
  const first = address >>> 24;
  const second = (address >>> 16) & 255;
  if (first === 0 || first === 10 || first === 127 || first >= 224) return false;
  if (first === 100 && second >= 64 && second < 128) return false;
  if (first === 169 && second === 254) return false;
  if (first === 172 && second >= 16 && second < 32) return false;
  if (first === 192 && (second === 168 || second === 0)) return false;
  return !(first === 198 && (second === 18 || second === 19));
}
