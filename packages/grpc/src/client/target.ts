/**
 * gRPC's names of servers, https://github.com/grpc/grpc/blob/master/doc/naming.md:
 *
 *     [dns:[//authority/]]host[:port]   ipv4:address[:port][,…]   ipv6:[address][:port][,…]
 *     unix:path   unix:///absolute/path   passthrough:///host[:port]
 */
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';

/** Where one server listens. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** A target taken apart. */
export interface Target {
  /** The value of `:authority` unless another is given. */
  readonly authority: string;
  /** The name to ask TLS for and to check; undefined for an address, which is checked itself. */
  readonly serverName: string | undefined;
  /** Finds the addresses. Rejects with what the resolver says. */
  resolve(): Promise<readonly Address[]>;
}

const DEFAULT_PORT = 443;
/** More addresses of one name are not used. */
const MAX_ADDRESSES = 100;

/** Takes a target apart. Throws a TypeError for what is none. */
export function parseTarget(target: string): Target {
  const [, scheme, rest] = /^(dns|ipv4|ipv6|unix|passthrough):(.*)$/s.exec(target) ?? [];
  switch (scheme) {
    case 'unix':
      return fixed('localhost', [{ kind: 'unix', path: rest!.replace(/^\/\/\//, '/') }]);
    case 'ipv4':
    case 'ipv6':
      return fixed(rest!, rest!.split(',').map(tcpAddress));
    case 'dns':
    case 'passthrough':
      return named(rest!.replace(/^\/\/[^/]*\//, ''));
    default:
      return named(target);
  }
}

/** An address for people. */
export function addressText(address: Address): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function named(text: string): Target {
  const address = tcpAddress(text);
  if (isIP(address.host) !== 0) return fixed(text, [address]);
  return {
    authority: text,
    serverName: address.host,
    resolve: async () => {
      const found = await dns.lookup(address.host, { all: true, order: 'verbatim' });
      return found
        .slice(0, MAX_ADDRESSES)
        .map((one): Address => ({ kind: 'tcp', host: one.address, port: address.port }));
    },
  };
}

function fixed(authority: string, addresses: readonly Address[]): Target {
  return { authority, serverName: undefined, resolve: () => Promise.resolve(addresses) };
}

function tcpAddress(text: string): Address & { readonly kind: 'tcp' } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text);
  // An IPv6 address without brackets has no port.
  if (match === null && isIP(text) !== 0) return { kind: 'tcp', host: text, port: DEFAULT_PORT };
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (match === null || port > 65_535) throw new TypeError(`"${text}" is not host:port`);
  return { kind: 'tcp', host: match[1] ?? match[2]!, port };
}
