import { promises as dns } from 'node:dns';
import type { ListenOptions, Server } from 'node:net';
import { splitHostPort } from '../config/endpoint.ts';
import { bind } from './bind.ts';
import { sharedAddresses } from './shared-addresses.ts';

/** The transports that a server can listen on, by the Collector's names. */
export const TRANSPORTS = ['tcp', 'tcp4', 'tcp6', 'unix'] as const;

/** One of the transports. */
export type Transport = (typeof TRANSPORTS)[number];

/** Where to listen. `endpoint` is `host:port`, or a path where the transport is `unix`. */
export interface ListenEndpoint {
  readonly endpoint: string;
  readonly transport: Transport;
}

/** Where a server listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Makes a server listen where the configuration says, as Go's `net.Listen` does: no host is every address, a name is
 * one address of it, IPv4 where there is one. Rejects with the system's error. In a worker the address is shared with the
 * other workers (`shareAddresses`).
 */
export async function listen(server: Server, where: ListenEndpoint): Promise<ListenAddress> {
  const options = await listenOptions(where);
  const sharing = sharedAddresses();
  if (sharing === undefined) await bind(server, options);
  else {
    const elsewhere = await sharing.listen(server, where, options);
    if (elsewhere !== undefined) return elsewhere;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') {
    return { kind: 'unix', path: address ?? where.endpoint };
  }
  return { kind: 'tcp', address: address.address, port: address.port };
}

/** An address for people: `127.0.0.1:4317`, `[::1]:4317`, or the path of a socket. */
export function formatAddress(address: ListenAddress): string {
  if (address.kind === 'unix') {
    return address.path;
  }
  return address.address.includes(':')
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

/** The address of a peer; an IPv4 one that a dual-stack socket shows as IPv6 (`::ffff:10.0.0.1`) in its own form. */
export function peerAddress(address: string | undefined): string {
  if (address === undefined) {
    return '';
  }
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

async function listenOptions(where: ListenEndpoint): Promise<ListenOptions> {
  if (where.transport === 'unix') {
    return { path: where.endpoint };
  }
  const parts = splitHostPort(where.endpoint);
  if (parts === undefined) {
    throw new TypeError(`"${where.endpoint}" is not host:port`);
  }
  const { host, port } = parts;
  const family = where.transport === 'tcp4' ? 4 : where.transport === 'tcp6' ? 6 : 0;
  if (host === '') {
    return family === 4 ? { port, host: '0.0.0.0' } : { port, host: '::', ipv6Only: family === 6 };
  }
  const { address } = await dns.lookup(host, { family, order: 'ipv4first' });
  return { port, host: address };
}
