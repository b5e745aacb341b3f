import type { Http2Connection } from '../http2/connection.ts';
import { ERROR_CODE, MAX_WINDOW_BYTES } from '../http2/protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { ServerTimes } from './server-limits.ts';

/** The answer to a ping with this number says that the client knows that it is to go. */
export const DRAIN_PING = 2;

/**
 * Sends a client elsewhere and ends its connection when its calls are answered. First it is told that the end is near:
 * what it sends before it knows is still taken (RFC 9113 section 6.8). When it knows, or time is up, it is told which
 * of its streams was the last.
 */
export class Farewell {
  readonly #connection: Http2Connection<RequestHead>;
  #isBegun = false;
  #sinceMs = 0;
  /** Streams above it are refused. */
  #lastStreamId = MAX_WINDOW_BYTES;

  constructor(connection: Http2Connection<RequestHead>) {
    this.#connection = connection;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Whether a stream comes too late. */
  refuses(streamId: number): boolean {
    return streamId > this.#lastStreamId;
  }

  /** Tells the client to go elsewhere, and why. */
  begin(nowMs: number, reason: 'max_age' | 'closing'): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#sinceMs = nowMs;
    this.#connection.writer.goaway(MAX_WINDOW_BYTES, ERROR_CODE.NO_ERROR, reason);
    this.#connection.writer.ping(DRAIN_PING);
  }

  /** The client knows. */
  onPong(): void {
    if (this.#isBegun) this.finish();
  }

  /** Takes no more streams. */
  finish(): void {
    const connection = this.#connection;
    if (this.#lastStreamId !== MAX_WINDOW_BYTES || connection.isClosed) return;
    this.#isBegun = true;
    this.#sinceMs ||= performance.now();
    this.#lastStreamId = connection.lastPeerStreamId;
    connection.writer.goaway(this.#lastStreamId, ERROR_CODE.NO_ERROR, '');
    this.endIfDone();
  }

  /** Ends the connection if nothing is left to be answered. */
  endIfDone(): void {
    if (this.#lastStreamId === MAX_WINDOW_BYTES || this.#connection.streams.size > 0) return;
    this.#connection.end(new Error('the server is closing'));
  }

  /** Once it has begun: whether the connection has had all the time that it gets. */
  check(nowMs: number, { maxConnectionAgeGrace, drain }: ServerTimes): 'over' | 'under_way' {
    const passedMs = nowMs - this.#sinceMs;
    if (passedMs > maxConnectionAgeGrace) return 'over';
    if (passedMs > drain) this.finish();
    return 'under_way';
  }
}
