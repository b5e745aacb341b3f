/**
 * The network of one cluster, in network namespaces of its own so that the machine's stays as it is:
 *
 *     wire namespace           a bridge that joins the nodes
 *       └─ node namespace      routes, services (DNAT), a bridge for its pods
 *            └─ pod namespace  eth0
 *
 * A pod's address is a /32 (/128) with its node as the gateway, as Calico and GKE have it: what pods of one node send to
 * each other goes through the node's routing, so that answers from behind a service find their way back through its NAT.
 */
import { readdirSync, statSync } from 'node:fs';
import type { Addresses, AddressPlan } from './address-plan.ts';
import type { Claim } from './claim.ts';
import { ipBatch, run } from './run.ts';

const NAMESPACES = '/run/netns';

/** A network namespace. */
export interface Namespace {
  /** As `ip netns` lists it. */
  readonly name: string;
  readonly path: string;
  /** The number by which the kernel knows it. */
  readonly inode: number;
}

/** A pod's end of the wire, and the node's. */
export interface Link {
  readonly namespace: Namespace;
  /** The name of the interface in the pod's namespace. */
  readonly inside: string;
  /** The name of the interface in the node's namespace. */
  readonly outside: string;
}

const SETTINGS_OF_ALL = [
  // Addresses are ours alone; looking for duplicates would cost a second.
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.router_solicitations=0',
  // A node that routes between its own pods would tell them to speak directly, past the services' NAT.
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.conf.all.accept_redirects=0',
  'net.ipv6.conf.all.accept_redirects=0',
  'net.ipv6.conf.default.accept_redirects=0',
  // Whoever is refused is told so each time.
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv6.icmp.ratelimit=0',
];
const SETTINGS_OF_NODES = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  // Where the bridge hands its frames to the firewall, packets would meet the services twice. Not every kernel has these.
  'net.bridge.bridge-nf-call-iptables=0',
  'net.bridge.bridge-nf-call-ip6tables=0',
];

/** Makes a network namespace with the loopback interface up. */
export async function makeNamespace(claim: Claim, name: string, isNode = false): Promise<Namespace> {
  const full = `${claim.name}-${name}`;
  await run(['ip', 'netns', 'add', full]);
  const settings = isNode ? [...SETTINGS_OF_ALL, ...SETTINGS_OF_NODES] : SETTINGS_OF_ALL;
  await run(['ip', 'netns', 'exec', full, 'sysctl', '-qew', ...settings]);
  await ipBatch(['link set lo up'], full);
  const path = `${NAMESPACES}/${full}`;
  return { name: full, path, inode: statSync(path).ino };
}

/** Makes the bridge to which all nodes are joined. */
export async function makeWire(claim: Claim, plan: AddressPlan): Promise<Namespace> {
  const namespace = await makeNamespace(claim, 'wire', true);
  await ipBatch(bridge('br0', plan.wire.ip, [`${plan.wire.ip}/24`, `${plan.wire.ip6}/64`]), namespace.name);
  return namespace;
}

/** Makes a node's namespace, joins it to the wire and gives it a bridge for pods. `count` is how many nodes there are. */
export async function makeNode(
  claim: Claim,
  plan: AddressPlan,
  wire: Namespace,
  node: { readonly name: string; readonly number: number; readonly count: number },
): Promise<Namespace> {
  const { number, count } = node;
  const namespace = await makeNamespace(claim, node.name, true);
  const port = `node-${number}`;
  await ipBatch(
    [`link add ${port} type veth peer name eth0 netns ${namespace.name}`, `link set ${port} master br0 up`],
    wire.name,
  );
  const own = plan.node(number);
  const gateway = plan.bridge(number);
  const others = Array.from({ length: count }, (_, index) => index + 1).filter((other) => other !== number);
  await ipBatch(
    [
      `addr add ${own.ip}/24 dev eth0`,
      `addr add ${own.ip6}/64 dev eth0 nodad`,
      'link set eth0 up',
      `route add default via ${plan.wire.ip}`,
      `route add default via ${plan.wire.ip6}`,
      ...bridge('pods', gateway.ip, [`${gateway.ip}/24`, `${gateway.ip6}/64`]),
      ...others.flatMap((other) => [
        `route add ${plan.podNetworks(other).ip} via ${plan.node(other).ip}`,
        `route add ${plan.podNetworks(other).ip6} via ${plan.node(other).ip6}`,
      ]),
    ],
    namespace.name,
  );
  return namespace;
}

/** Makes a pod's namespace and joins it to its node's bridge. */
export async function makePodLink(
  claim: Claim,
  pod: { readonly name: string; readonly number: number; readonly addresses: Addresses },
  node: { readonly namespace: Namespace; readonly gateway: Addresses },
): Promise<Link> {
  const namespace = await makeNamespace(claim, pod.name);
  const outside = `veth${pod.number}`;
  await ipBatch(
    [
      `link add ${outside} type veth peer name eth0 address ${macOf(pod.addresses.ip)} netns ${namespace.name}`,
      `link set ${outside} master pods up`,
    ],
    node.namespace.name,
  );
  await ipBatch(
    [
      `addr add ${pod.addresses.ip}/32 dev eth0`,
      `addr add ${pod.addresses.ip6}/128 dev eth0 nodad`,
      'link set eth0 up',
      `route add ${node.gateway.ip} dev eth0`,
      `route add default via ${node.gateway.ip}`,
      `route add ${node.gateway.ip6} dev eth0`,
      `route add default via ${node.gateway.ip6}`,
    ],
    namespace.name,
  );
  return { namespace, inside: 'eth0', outside };
}

/** Removes a network namespace, with the interfaces in it. */
export async function removeNamespace(name: string): Promise<void> {
  await run(['ip', 'netns', 'del', name]);
}

/** The names of all network namespaces of a cluster that there are. */
export function namespacesOf(claim: Claim): string[] {
  try {
    return readdirSync(NAMESPACES).filter((name) => name.startsWith(`${claim.name}-`));
  } catch {
    return [];
  }
}

/**
 * The hardware address that belongs to an IPv4 address, as the CNI's bridge makes it. A pod that is given a used address has
 * the one that its neighbours know, and a bridge keeps its own when the pod goes that it would have had it from.
 */
function macOf(ip: string): string {
  const bytes = ip.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}

function bridge(name: string, ip: string, addresses: readonly string[]): string[] {
  return [
    `link add ${name} address ${macOf(ip)} type bridge mcast_snooping 0`,
    `link set ${name} up`,
    ...addresses.map((address) => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`),
  ];
}
