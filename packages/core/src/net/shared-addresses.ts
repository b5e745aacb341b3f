/**
 * How several workers listen on one address. Each has a socket of its own with `SO_REUSEPORT`, and the kernel spreads the
 * connections over them. Where there is no such option, all listen on one socket: the first worker's, of which each has a
 * file descriptor of its own, and whoever comes first takes a connection. Where not even that can be done (a Unix socket,
 * which libuv removes with the first that is closed; Windows), the first worker serves the address alone, and says so.
 *
 * With the option a second process of the same user could listen on the same address and take half of the
 * connections: so the first worker looks first whether the address is free.
 */
import { createServer, type ListenOptions, type Server } from 'node:net';
import { bind } from './bind.ts';
import type { ListenAddress, ListenEndpoint } from './listen.ts';
import { listeningDescriptor } from './listening-descriptor.ts';

/** What `listen` fails with where the system (libuv's `UV_TCP_REUSEPORT`) or the kernel does not know the option. */
const NO_REUSEPORT: ReadonlySet<unknown> = new Set(['ENOTSUP', 'ENOPROTOOPT', 'EINVAL']);

/** What the first worker found where it listens on a port. */
export interface FoundListener {
  /** Its port, which may be one that was found where 0 was asked. */
  readonly port: number;
  /** How the others come to connections of it. */
  readonly sharing: 'reuseport' | 'descriptor' | 'none';
  /** With `descriptor`: of the listening socket, and of the whole process until the workers are shut down. */
  readonly descriptor?: number;
}

/** By the place in the order in which a worker listens. */
export type FoundListeners = Readonly<Record<string, FoundListener>>;

/** Gives another file descriptor for what one refers to; undefined where the system cannot. */
export type DuplicateDescriptor = (descriptor: number) => number | undefined;

/** What a worker knows of the addresses that it shares. */
export interface SharingOptions {
  /** True for the one that serves alone what cannot be shared. */
  readonly isFirst: boolean;
  /** True while no other worker listens yet: who is found at an address is a stranger. */
  readonly isAlone: boolean;
  /** What the first worker found; all listen in the same order. */
  readonly listeners: FoundListeners;
  readonly duplicate: DuplicateDescriptor;
  /**
   * Told of everything that was found, whenever something is new: the descriptors live as long as the process, whatever becomes
   * of this worker, and somebody has to close them.
   */
  readonly onFound: (listeners: FoundListeners) => void;
}

let sharing: SharedAddresses | undefined;

/** From now on `listen` shares addresses with other workers; returns the way to what is found. */
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
  readonly #listeners: Record<string, FoundListener>;
  readonly #unshared: string[] = [];
  #count = 0;

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#listeners = { ...options.listeners };
  }

  /** The endpoints that this worker serves alone, as the configuration has them. */
  get unshared(): readonly string[] {
    return this.#unshared;
  }

  /** Has a server listen; gives the address instead if another worker serves it alone. */
  async listen(
    server: Server,
    { endpoint }: ListenEndpoint,
    options: ListenOptions,
  ): Promise<ListenAddress | undefined> {
    this.#count += 1;
    const { isFirst, isAlone } = this.#options;
    const { port, host = '' } = options;
    if (port === undefined) {
      if (!isFirst) return { kind: 'unix', path: endpoint };
      await this.#listenUnshared(server, endpoint, options);
      return undefined;
    }
    const key = `${this.#count} ${endpoint}`;
    const found = this.#listeners[key];
    if (isAlone && port !== 0 && found?.sharing !== 'descriptor') await findFree(options);
    if (found === undefined) await this.#find(key, server, endpoint, options);
    else if (found.sharing === 'reuseport')
      await bind(server, { ...options, port: found.port, reusePort: true });
    else if (found.descriptor !== undefined) await bind(server, { fd: this.#duplicate(found.descriptor) });
    else if (isFirst) await this.#listenUnshared(server, endpoint, { ...options, port: found.port });
    else return { kind: 'tcp', address: host, port: found.port };
    return undefined;
  }

  async #find(key: string, server: Server, endpoint: string, options: ListenOptions): Promise<void> {
    this.#listeners[key] = await this.#listenFirst(server, endpoint, options);
    this.#options.onFound({ ...this.#listeners });
  }

  async #listenFirst(server: Server, endpoint: string, options: ListenOptions): Promise<FoundListener> {
    try {
      await bind(server, { ...options, reusePort: true });
      return { port: portOf(server), sharing: 'reuseport' };
    } catch (error) {
      if (!NO_REUSEPORT.has((error as NodeJS.ErrnoException).code)) throw error;
    }
    await bind(server, options);
    const port = portOf(server);
    const own = listeningDescriptor(server);
    // The server's own is closed when this worker dies; the others and its successor need one that lives on.
    const descriptor = own === undefined ? undefined : this.#options.duplicate(own);
    if (descriptor !== undefined) return { port, sharing: 'descriptor', descriptor };
    this.#unshared.push(endpoint);
    return { port, sharing: 'none' };
  }

  async #listenUnshared(server: Server, endpoint: string, options: ListenOptions): Promise<void> {
    await bind(server, options);
    this.#unshared.push(endpoint);
  }

  #duplicate(descriptor: number): number {
    const duplicate = this.#options.duplicate(descriptor);
    if (duplicate !== undefined) return duplicate;
    throw Object.assign(new Error('the listening socket cannot be duplicated'), { code: 'EMFILE' });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Rejects as `listen` does if somebody listens there already. */
async function findFree(options: ListenOptions): Promise<void> {
  const probe = createServer();
  await bind(probe, options);
  await new Promise((resolve) => probe.close(resolve));
}
