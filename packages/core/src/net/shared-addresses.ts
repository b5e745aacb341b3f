/**
 * How several workers listen on one address. Each has a socket of its own with `SO_REUSEPORT`, and the kernel spreads
 * the connections over them. Where there is no such option (a Unix socket, some systems), the first worker serves the address alone.
 *
 * With that option a second process of the same user could listen on the same address and take half of the
 * connections: so the first worker looks first whether the address is free.
 */
import { createServer, type ListenOptions, type Server } from 'node:net';
import { bind } from './bind.ts';
import type { ListenAddress, ListenEndpoint } from './listen.ts';

/** The systems on which the kernel spreads connections over sockets with `SO_REUSEPORT` (libuv's UV_TCP_REUSEPORT). */
const SPREADING: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd', 'sunos', 'aix']);

/** The ports that were found where 0 was asked, by the place in the order in which a worker listens. */
export type FoundPorts = Readonly<Record<string, number>>;

/** What a worker knows of the addresses that it shares. */
export interface SharingOptions {
  /** True for the one that serves alone what cannot be shared. */
  readonly isFirst: boolean;
  /** True while no other worker listens yet: who is found at an address is a stranger. */
  readonly isAlone: boolean;
  /** What the first worker found; all listen in the same order. */
  readonly ports: FoundPorts;
}

let sharing: SharedAddresses | undefined;

/** From now on `listen` shares addresses with other workers; returns the way to the ports that are found. */
export function shareAddresses(options: SharingOptions): SharedAddresses {
  sharing = new SharedAddresses(options);
  return sharing;
}

/** Present in a worker. */
export function sharedAddresses(): SharedAddresses | undefined {
  return sharing;
}

/** See the head of this file. */
export class SharedAddresses {
  readonly #options: SharingOptions;
  readonly #ports: Record<string, number>;
  #listeners = 0;

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#ports = { ...options.ports };
  }

  get ports(): FoundPorts {
    return this.#ports;
  }

  /** Has a server listen; gives the address instead if another worker serves it alone. */
  async listen(
    server: Server,
    where: ListenEndpoint,
    options: ListenOptions,
  ): Promise<ListenAddress | undefined> {
    this.#listeners += 1;
    const { port, host = '' } = options;
    if (port === undefined || !SPREADING.has(process.platform)) {
      if (this.#options.isFirst) await bind(server, options);
      else if (port === undefined) return { kind: 'unix', path: where.endpoint };
      else return { kind: 'tcp', address: host, port };
      return undefined;
    }
    const key = `${this.#listeners} ${where.endpoint}`;
    if (this.#options.isAlone && port !== 0) await findFree(options);
    await bind(server, { ...options, port: this.#ports[key] ?? port, reusePort: true });
    const address = server.address();
    if (port === 0 && typeof address === 'object' && address !== null) this.#ports[key] = address.port;
    return undefined;
  }
}

/** Rejects as `listen` does if somebody listens there already. */
async function findFree(options: ListenOptions): Promise<void> {
  const probe = createServer();
  await bind(probe, options);
  await new Promise((resolve) => probe.close(resolve));
}
