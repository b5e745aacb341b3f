import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ClientTls, sharedReads, tlsFailure } from '@tributary/core';
import { ClientConnection, type ClientConnectionOwner, type ClientOrigin } from './client-connection.ts';
import { type Address, addressText } from './target.ts';

/** How long a connection may take until calls can be sent on it. */
const CONNECT_TIMEOUT_MS = 20_000;
/** https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md, but not longer than a backend may be missed. */
const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 10_000;
const BACKOFF_FACTOR = 1.6;
const BACKOFF_JITTER = 0.2;

/** A server that ends connections before they were of use is called again at once this often, and then only after a wait. */
const MAX_EARLY_LOSSES = 1;

/** `failed`: the last attempt failed, and the next is waited for. */
export type SubchannelState = 'idle' | 'connecting' | 'ready' | 'failed';

/** How connections are made. */
export interface Dialing {
  readonly origin: ClientOrigin;
  readonly tls: ClientTls | undefined;
  readonly serverName: string | undefined;
}

/** Told of changes. */
export interface SubchannelOwner {
  /** There is another connection, and one less. */
  onOpened(connection: ClientConnection): void;
  onClosed(connection: ClientConnection): void;
  onReady(subchannel: Subchannel): void;
  onRoom(): void;
  onFailed(subchannel: Subchannel): void;
  /** The connection takes no more calls, or is gone; the state is `idle`. */
  onLost(subchannel: Subchannel, tooManyPings: boolean): void;
  /** The time to wait after a failure is over; the state is `idle`. */
  onRetryTime(subchannel: Subchannel): void;
}

/** The way to one address: at most one connection that takes calls, made again when it is gone. */
export class Subchannel implements ClientConnectionOwner {
  readonly address: Address;
  readonly #dialing: Dialing;
  readonly #owner: SubchannelOwner;
  state: SubchannelState = 'idle';
  /** Why the last attempt failed. */
  failure = '';
  connection: ClientConnection | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #earlyLosses = 0;
  #isClosed = false;

  constructor(address: Address, dialing: Dialing, owner: SubchannelOwner) {
    this.address = address;
    this.#dialing = dialing;
    this.#owner = owner;
  }

  /** Makes a connection, if there is none and none is to be waited for. */
  connect(): void {
    if (this.state !== 'idle' || this.#isClosed) return;
    this.state = 'connecting';
    this.#timer = setTimeout(
      () => this.#fail(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
      CONNECT_TIMEOUT_MS,
    );
    const socket = this.#open();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      if (this.#socket === socket) this.#fail(error);
    });
    socket.once(this.#dialing.tls === undefined ? 'connect' : 'secureConnect', () =>
      this.#onConnected(socket),
    );
  }

  /** Gives up an attempt that is under way. */
  cancel(): void {
    if (this.state !== 'connecting') return;
    clearTimeout(this.#timer);
    this.state = 'idle';
    const { connection } = this;
    this.connection = undefined;
    connection?.destroy(new Error('the connection is not needed'));
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Makes no more connections, and lets the one that there is go once its calls are answered. */
  retire(): void {
    this.#isClosed = true;
    this.cancel();
    clearTimeout(this.#timer);
    this.connection?.retire();
  }

  onReady(): void {
    clearTimeout(this.#timer);
    this.state = 'ready';
    this.#owner.onReady(this);
  }

  onRoom(): void {
    this.#owner.onRoom();
  }

  onRetired(connection: ClientConnection, tooManyPings: boolean): void {
    this.#lose(connection, tooManyPings);
  }

  onClosed(connection: ClientConnection, error: Error): void {
    this.#owner.onClosed(connection);
    if (this.connection !== connection) return;
    if (this.state === 'connecting') this.#fail(error);
    else this.#lose(connection, false);
  }

  #open(): Socket {
    const { address } = this;
    const { tls, serverName } = this.#dialing;
    const where =
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    if (tls === undefined) {
      const socket: Socket = connectTcp({ ...where, onread: sharedReads(() => socket) });
      return socket;
    }
    const name = tls.serverName ?? serverName;
    return connectTls({
      ...where,
      ...(name === undefined ? {} : { servername: name }),
      secureContext: tls.secureContext,
      rejectUnauthorized: tls.rejectUnauthorized,
      ALPNProtocols: ['h2'],
    });
  }

  #onConnected(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.#fail(new Error('the server does not agree on HTTP/2 (ALPN)'));
      return;
    }
    this.connection = new ClientConnection(socket, this.#dialing.origin, this);
    this.#owner.onOpened(this.connection);
  }

  #fail(error: Error): void {
    if (this.state !== 'connecting') return;
    clearTimeout(this.#timer);
    const { connection } = this;
    this.connection = undefined;
    this.#wait(error);
    connection?.destroy(error);
    this.#socket?.destroy();
    this.#socket = undefined;
    if (!this.#isClosed) this.#owner.onFailed(this);
  }

  #wait(error: Error): void {
    this.state = 'failed';
    this.failure = `${addressText(this.address)}: ${tlsFailure(error) ?? error.message.trim()}`;
    if (this.#isClosed) return;
    const jitter = 1 + BACKOFF_JITTER * (2 * Math.random() - 1);
    this.#timer = setTimeout(this.#onBackoff, this.#backoffMs * jitter);
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * BACKOFF_FACTOR);
  }

  readonly #onBackoff = (): void => {
    this.state = 'idle';
    this.#owner.onRetryTime(this);
  };

  #lose(connection: ClientConnection, tooManyPings: boolean): void {
    if (this.connection !== connection || this.state !== 'ready') return;
    this.connection = undefined;
    this.state = 'idle';
    if (connection.wasOfUse) {
      this.#earlyLosses = 0;
      this.#backoffMs = FIRST_BACKOFF_MS;
    } else this.#earlyLosses += 1;
    if (this.#isClosed) return;
    if (this.#earlyLosses > MAX_EARLY_LOSSES) {
      this.#wait(new Error('the server ends connections as soon as they are made'));
      this.#owner.onFailed(this);
    } else this.#owner.onLost(this, tooManyPings);
  }
}
