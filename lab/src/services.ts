/**
 * Services as kube-proxy makes them, in each node's namespace: what is sent to a service's address and port goes to one of
 * its pods, by destination NAT when the connection begins. A chain for each service port chooses, one for each backend
 * counts and translates. A service without pods refuses.
 */
import type { Addresses, AddressPlan } from './address-plan.ts';
import type { Protocol } from './description.ts';

/** A service with an address, and the pods that are behind it now. */
export interface ServiceRule {
  /** `namespace/name`. */
  readonly id: string;
  readonly addresses: Addresses;
  readonly balance: 'round-robin' | 'random';
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort: number;
    readonly protocol: Protocol;
  }[];
  readonly backends: readonly Addresses[];
}

/** A pod that calls a service and is given itself must not see its own address as the caller's. */
const MASQUERADE_MARK = '0x4000';

const FAMILIES = [
  { family: 'ip', addressOf: (addresses: Addresses): string => addresses.ip, target: (ip: string) => ip },
  {
    family: 'ip6',
    addressOf: (addresses: Addresses): string => addresses.ip6,
    target: (ip: string) => `[${ip}]`,
  },
] as const;

/** The nftables commands that make the services what they are now, in one step. */
export function serviceRules(plan: AddressPlan, services: readonly ServiceRule[]): string {
  const jumps: string[] = [];
  const chains: string[] = [];
  for (const [index, service] of services.entries()) {
    for (const { port, targetPort, protocol } of service.ports) {
      for (const { family, addressOf, target } of FAMILIES) {
        if (service.backends.length === 0) continue;
        const name = `s${index}-${protocol}-${port}-${family}`;
        const choices = service.backends.map((_, choice) => `${choice} : goto ${name}-${choice}`);
        const generator = service.balance === 'random' ? 'random' : 'inc';
        jumps.push(
          `${family} daddr ${addressOf(service.addresses)} ${protocol} dport ${port} ` +
            `numgen ${generator} mod ${choices.length} vmap { ${choices.join(', ')} } comment "${service.id}"`,
        );
        for (const [choice, backend] of service.backends.entries()) {
          const address = addressOf(backend);
          chains.push(
            `chain ${name}-${choice} { ${family} saddr ${address} meta mark set ${MASQUERADE_MARK}; ` +
              `counter meta l4proto ${protocol} dnat ${family} to ${target(address)}:${targetPort}; }`,
          );
        }
      }
    }
  }
  const { ip, ip6 } = plan.serviceNetworks;
  const refuse = [`ip daddr ${ip} reject`, `ip6 daddr ${ip6} reject`].join('; ');
  // Declared before it is deleted: deleting what is not there would be an error.
  return `table inet services {}
delete table inet services
table inet services {
  ${chains.join('\n  ')}
  chain choose { ${jumps.join('; ')}${jumps.length > 0 ? ';' : ''} }
  chain arriving { type nat hook prerouting priority dstnat; jump choose; }
  chain from-node { type nat hook output priority -100; jump choose; }
  chain leaving { type nat hook postrouting priority srcnat; meta mark ${MASQUERADE_MARK} masquerade; }
  chain unserved { type filter hook forward priority filter; ${refuse}; }
  chain unserved-from-node { type filter hook output priority filter; ${refuse}; }
}
`;
}
