import { LinkedList, RPC_CODES } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import type { GrpcClientOptions } from '../transport.ts';
import type { CallOwner, ClientCall } from './client-call.ts';
import type { ClientConnection } from './client-connection.ts';
import { type Dialing, Subchannel, type SubchannelOwner } from './subchannel.ts';
import { type Address, addressText, type Target } from './target.ts';

/** More calls than these do not wait for a connection. */
const MAX_WAITING = 10_000;
/** With pick_first, the next address is tried beside one that does not answer after this. */
const NEXT_ADDRESS_MS = 250;
/** The name is looked up again no sooner. */
const MIN_RESOLVE_INTERVAL_MS = 5000;
const RESOLVE_RETRY_MS = 1000;
const MIN_CHECK_MS = 10;
const MAX_CHECK_MS = 1000;

/** The connections to all addresses of a target, and the calls that wait for one. */
export class Channel implements SubchannelOwner, CallOwner {
  readonly #options: GrpcClientOptions;
  readonly #target: Target;
  readonly #dialing: Dialing;
  readonly #connections = new Set<ClientConnection>();
  readonly #waiting = new Set<ClientCall>();
  readonly #calls = new LinkedList<ClientCall>();
  #subchannels: Subchannel[] = [];
  #next = 0;
  #isResolving = false;
  #resolvedMs = Number.NEGATIVE_INFINITY;
  /** Why the name has no addresses. */
  #resolveFailure: string | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #staggerTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  #keepaliveMs: number;
  #isClosed = false;

  constructor(options: GrpcClientOptions, target: Target, dialing: Dialing) {
    this.#options = options;
    this.#target = target;
    this.#dialing = dialing;
    this.#keepaliveMs = options.keepalive?.timeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes a call. */
  start(call: ClientCall): void {
    this.#calls.add(call);
    this.dispatch(call);
  }

  dispatch(call: ClientCall): void {
    if (call.isSettled) return;
    const connection = this.#waiting.size === 0 ? this.#pick() : undefined;
    if (connection !== undefined) connection.send(call);
    else if (this.#isFailing && call.call.waitForReady !== true) call.fail(this.#unavailable());
    else if (this.#waiting.size >= MAX_WAITING) call.fail(tooMany());
    else {
      this.#waiting.add(call);
      this.#connect();
    }
  }

  onSettled(call: ClientCall): void {
    this.#calls.delete(call);
    this.#waiting.delete(call);
  }

  /** Makes all connections anew; calls under way stay on the old ones. */
  renew(): void {
    this.#update([]);
    this.#resolvedMs = Number.NEGATIVE_INFINITY;
    this.#resolveFailure = undefined;
    if (this.#waiting.size > 0) this.#connect();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#staggerTimer);
    for (const call of this.#calls.toArray()) {
      call.end({ code: RPC_CODES.CANCELLED, message: 'the client is closed' });
    }
    this.#update([]);
    for (const connection of [...this.#connections]) connection.retire();
  }

  onOpened(connection: ClientConnection): void {
    this.#connections.add(connection);
    if (this.#keepaliveMs === Number.POSITIVE_INFINITY) return;
    const intervalMs = Math.max(MIN_CHECK_MS, Math.min(MAX_CHECK_MS, this.#keepaliveMs / 4));
    this.#checkTimer ??= setInterval(() => this.#check(), intervalMs).unref();
  }

  onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#checkTimer);
    this.#checkTimer = undefined;
  }

  onReady(subchannel: Subchannel): void {
    clearTimeout(this.#staggerTimer);
    if (!this.#isRoundRobin) {
      for (const other of this.#subchannels) if (other !== subchannel) other.cancel();
    }
    this.onRoom();
  }

  onRoom(): void {
    for (const call of this.#waiting) {
      const connection = this.#pick();
      if (connection === undefined) return;
      this.#waiting.delete(call);
      connection.send(call);
    }
  }

  onFailed(): void {
    if (this.#isFailing) this.#failWaiting();
    else this.#connect();
    this.#refresh();
  }

  onLost(_subchannel: Subchannel, tooManyPings: boolean): void {
    // https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
    if (tooManyPings) this.#keepaliveMs *= 2;
    this.#refresh();
    if (this.#isRoundRobin || this.#waiting.size > 0) this.#connect();
  }

  onRetryTime(): void {
    this.#connect();
  }

  get #isRoundRobin(): boolean {
    return this.#options.loadBalancing === 'round_robin';
  }

  /** Whether every way was tried without success. */
  get #isFailing(): boolean {
    if (this.#subchannels.length === 0) return this.#resolveFailure !== undefined;
    return this.#subchannels.every(({ state }) => state === 'failed');
  }

  #pick(): ClientConnection | undefined {
    const count = this.#subchannels.length;
    for (let offset = 0; offset < count; offset += 1) {
      const index = this.#isRoundRobin ? (this.#next + offset) % count : offset;
      const { connection } = this.#subchannels[index]!;
      if (connection?.hasRoom !== true) continue;
      this.#next = index + 1;
      return connection;
    }
    return undefined;
  }

  #connect(): void {
    if (this.#isClosed) return;
    if (this.#subchannels.length === 0) {
      void this.#resolve();
      return;
    }
    if (this.#isRoundRobin) {
      for (const subchannel of this.#subchannels) subchannel.connect();
      return;
    }
    if (this.#subchannels.some(({ state }) => state === 'ready')) return;
    const next = this.#subchannels.find(({ state }) => state === 'idle');
    if (next === undefined) return;
    next.connect();
    clearTimeout(this.#staggerTimer);
    this.#staggerTimer = setTimeout(() => this.#connect(), NEXT_ADDRESS_MS);
  }

  /** Looks the name up again when its addresses may have changed. */
  #refresh(): void {
    if (performance.now() - this.#resolvedMs >= MIN_RESOLVE_INTERVAL_MS) void this.#resolve();
  }

  async #resolve(): Promise<void> {
    if (this.#isResolving || this.#isClosed) return;
    this.#isResolving = true;
    try {
      const addresses = await this.#target.resolve();
      if (this.#isClosed) return;
      this.#resolveFailure = addresses.length === 0 ? 'the name has no addresses' : undefined;
      if (addresses.length > 0) this.#update(addresses);
    } catch (error) {
      this.#resolveFailure = (error as Error).message;
    } finally {
      this.#isResolving = false;
      this.#resolvedMs = performance.now();
    }
    if (this.#isClosed) return;
    if (this.#subchannels.length > 0) return this.#connect();
    this.#failWaiting();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      this.#resolveFailure = undefined;
      if (this.#waiting.size > 0) this.#connect();
    }, RESOLVE_RETRY_MS);
  }

  /** Keeps the ways to addresses that are still there. */
  #update(addresses: readonly Address[]): void {
    const before = new Map(this.#subchannels.map((one) => [addressText(one.address), one]));
    this.#subchannels = addresses.map((address) => {
      const known = before.get(addressText(address));
      before.delete(addressText(address));
      return known ?? new Subchannel(address, this.#dialing, this);
    });
    for (const subchannel of before.values()) subchannel.retire();
  }

  #failWaiting(): void {
    for (const call of [...this.#waiting]) {
      if (call.call.waitForReady !== true) call.fail(this.#unavailable());
    }
  }

  #unavailable(): GrpcError {
    const failures = this.#subchannels.map(({ failure }) => failure).slice(0, 3);
    const reason = failures.length === 0 ? (this.#resolveFailure ?? '') : failures.join('; ');
    const message = `no connection to ${this.#options.target} (${reason})`;
    return new GrpcError({ code: RPC_CODES.UNAVAILABLE, message }, { isOwn: true });
  }

  #check(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.check(nowMs, this.#keepaliveMs);
  }
}

function tooMany(): GrpcError {
  const message = `more than ${MAX_WAITING} calls wait for a connection`;
  return new GrpcError({ code: RPC_CODES.UNAVAILABLE, message }, { isOwn: true });
}
