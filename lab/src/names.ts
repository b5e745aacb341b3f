/**
 * The names of the cluster, as its resolver serves them (Kubernetes DNS-Based Service Discovery):
 *
 *     SERVICE.NAMESPACE.svc.cluster.local              the service's address; of a headless one, those of its pods
 *     POD.SERVICE.NAMESPACE.svc.cluster.local          a pod of a headless service
 *     10-100-1-2.NAMESPACE.pod.cluster.local           any pod, by its address
 *
 * https://github.com/kubernetes/dns/blob/master/docs/specification.md
 */
import type { Addresses } from './address-plan.ts';

/** The domain of all that is in the cluster. */
export const CLUSTER_DOMAIN = 'cluster.local';

/** A pod, as far as names are concerned. */
export interface NamedPod {
  readonly name: string;
  readonly namespace: string;
  readonly addresses: Addresses;
}

/** A service, as far as names are concerned. */
export interface NamedService {
  readonly name: string;
  readonly namespace: string;
  /** Undefined for a headless one. */
  readonly addresses: Addresses | undefined;
  readonly pods: readonly NamedPod[];
}

/** A file for the resolver in the format of /etc/hosts. The first name of an address is the one that it has in reverse. */
export function hostsFile(
  services: readonly NamedService[],
  pods: readonly NamedPod[],
  others: Readonly<Record<string, readonly string[]>>,
): string {
  const lines: string[] = [];
  const add = ({ ip, ip6 }: Addresses, name: string): void => {
    lines.push(`${ip} ${name}`, `${ip6} ${name}`);
  };
  for (const service of services) {
    const domain = `${service.name}.${service.namespace}.svc.${CLUSTER_DOMAIN}`;
    if (service.addresses !== undefined) {
      add(service.addresses, domain);
      continue;
    }
    for (const pod of service.pods) add(pod.addresses, `${pod.name}.${domain}`);
    for (const pod of service.pods) add(pod.addresses, domain);
  }
  for (const { namespace, addresses } of pods) {
    const domain = `${namespace}.pod.${CLUSTER_DOMAIN}`;
    lines.push(`${addresses.ip} ${addresses.ip.replaceAll('.', '-')}.${domain}`);
    lines.push(`${addresses.ip6} ${addresses.ip6.replaceAll(':', '-')}.${domain}`);
  }
  for (const [name, addresses] of Object.entries(others)) {
    for (const address of addresses) lines.push(`${address} ${name}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** The resolv.conf of a pod, as the kubelet writes it. */
export function resolvConf(resolver: Addresses, namespace: string): string {
  const search = [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN];
  return `search ${search.join(' ')}\nnameserver ${resolver.ip}\noptions ndots:5\n`;
}

/** The /etc/hosts of a pod, as the kubelet writes it. */
export function podHosts({ name, addresses }: NamedPod): string {
  return `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${addresses.ip} ${name}\n${addresses.ip6} ${name}\n`;
}
