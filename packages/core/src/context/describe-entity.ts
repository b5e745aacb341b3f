import type { Context } from './context.ts';
import type {
  Container,
  Described,
  KubeNamespace,
  KubeNode,
  KubeService,
  Owner,
  Pairs,
  Pod,
  Workload,
} from './entities.ts';

/** An entity in words of JSON. */
export type EntityDescription = Readonly<Record<string, unknown>>;

/** What tables have as values; a string is a DNS name. */
type Value = Pod | Container | KubeService | KubeNode | KubeNamespace | Workload | Described | string;

/** Lists that an object of the API can make very long are cut here. */
const MAX_LISTED = 100;

/** A ReplicaSet's Deployment, a Job's CronJob: as many owners above one another are followed. */
const MAX_OWNERS = 4;

/** What is worth telling of an entity. */
export function describeEntity(context: Context, value: Value): EntityDescription {
  if (typeof value === 'string') return { kind: 'dns_name', name: value };
  switch (value.kind) {
    case 'pod': {
      const { kind, name, namespace, uid, nodeName: node, hostNetwork, addresses, owner, labels } = value;
      const containers = value.containers.slice(0, MAX_LISTED).map(describeContainer);
      const owners = ownersOf(context, owner);
      const { startTime: start_time } = value;
      const host_network = hostNetwork;
      return {
        ...{ kind, name, namespace, uid, node, owners, addresses, host_network, start_time },
        ...{ labels: pairs(labels), containers },
      };
    }
    case 'container': {
      const { pod, labels } = value;
      const of = pod === undefined ? {} : { pod: `${pod.namespace}/${pod.name}`, pod_uid: pod.uid };
      return { kind: value.kind, ...describeContainer(value), ...of, labels: pairs(labels) };
    }
    case 'service':
      return describeService(value);
    case 'node': {
      const { kind, name, uid, addresses, providerId: provider_id, labels } = value;
      return { kind, name, uid, addresses, provider_id, labels: pairs(labels) };
    }
    case 'namespace': {
      const { kind, name, uid, labels } = value;
      return { kind, name, uid, labels: pairs(labels) };
    }
    case 'workload': {
      const { kind, type, name, namespace, uid, owner, labels } = value;
      return { kind, type, name, namespace, uid, owners: ownersOf(context, owner), labels: pairs(labels) };
    }
    case 'described':
      return { kind: value.kind, attributes: value.attributes };
  }
}

function describeContainer({ name, id, image, restartCount }: Container): EntityDescription {
  return { name, id, image, restart_count: restartCount };
}

function describeService(service: KubeService): EntityDescription {
  const { kind, name, namespace, uid, type, clusterIps, externalAddresses, ports, backends } = service;
  const selector = service.selectors.at(-1);
  return {
    ...{ kind, name, namespace, uid, type, cluster_ips: clusterIps, external_addresses: externalAddresses },
    ports: ports.slice(0, MAX_LISTED),
    ...(selector === undefined ? {} : { selector: pairs(selector) }),
    backend_count: backends.length,
    backends: backends.slice(0, MAX_LISTED),
    labels: pairs(service.labels),
  };
}

/** `ReplicaSet/web-5c9f`, `Deployment/web`: the nearest first, as far as they are known. */
function ownersOf(context: Context, first: Owner | undefined): readonly string[] {
  const owners: string[] = [];
  for (let owner = first; owner !== undefined && owners.length < MAX_OWNERS; ) {
    owners.push(`${owner.kind}/${owner.name}`);
    owner = context.workloads.claimsOf(owner.uid)[0]?.value.owner;
  }
  return owners;
}

function pairs(flat: Pairs): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) entries.push([flat[index]!, flat[index + 1]!]);
  return Object.fromEntries(entries);
}
