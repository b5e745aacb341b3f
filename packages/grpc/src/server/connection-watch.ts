import type { Http2Connection } from '../http2/connection.ts';
import { ConnectionError } from '../http2/connection-error.ts';
import { ERROR_CODE } from '../http2/protocol.ts';
import type { Farewell } from './farewell.ts';
import type { RequestHead } from './request-head.ts';
import type { ServerCall } from './server-call.ts';
import type { ServerTimes } from './server-limits.ts';

/** The answer to a ping with this number says that the client lives. */
const KEEPALIVE_PING = 1;

/** Looks at everything of one connection that has a time. All times are on the clock of `performance.now()`. */
export class ConnectionWatch {
  readonly #connection: Http2Connection<RequestHead>;
  readonly #farewell: Farewell;
  readonly #timesMs: ServerTimes;
  readonly #startMs = performance.now();
  /** What the age of this connection is multiplied by, so that not all of them end at once. */
  readonly #ageFactor = 0.9 + Math.random() * 0.2;
  /** When the last stream was closed; counts only while there are none. */
  idleSinceMs = this.#startMs;
  #blockedSinceMs: number | undefined;
  #frameSinceMs: number | undefined;
  #pingedMs: number | undefined;

  constructor(connection: Http2Connection<RequestHead>, farewell: Farewell, timesMs: ServerTimes) {
    this.#connection = connection;
    this.#farewell = farewell;
    this.#timesMs = timesMs;
  }

  /** Looks at a connection whose client has not said what HTTP/2 begins with. */
  checkBeginning(nowMs: number): void {
    const { preface, maxConnectionIdle } = this.#timesMs;
    if (nowMs - this.#startMs < Math.min(preface, maxConnectionIdle)) return;
    this.#connection.end(new ConnectionError(ERROR_CODE.SETTINGS_TIMEOUT, 'preface', 'no preface of HTTP/2'));
    this.#connection.socket.destroy();
  }

  /** Looks at one that has begun. */
  check(nowMs: number): void {
    this.#checkCalls(nowMs);
    this.#checkBlocked(nowMs);
    this.#checkKeepalive(nowMs);
    this.#checkAge(nowMs);
  }

  #checkCalls(nowMs: number): void {
    const { silence, request, answer } = this.#timesMs;
    for (const stream of this.#connection.streams.values()) {
      const call = stream as ServerCall;
      if (nowMs > call.deadlineMs) call.expire();
      else if (!call.isRemoteClosed) {
        if (nowMs - call.progressMs > silence || nowMs - call.startMs > request) call.stall();
      } else if (call.outgoing !== undefined && nowMs - (call.answeringSinceMs ?? nowMs) > answer)
        call.stall();
    }
  }

  /** A frame that does not end, and answers that are not read, hold the whole connection up. */
  #checkBlocked(nowMs: number): void {
    const connection = this.#connection;
    const { silence, answer } = this.#timesMs;
    this.#frameSinceMs = connection.isInFrame ? (this.#frameSinceMs ?? nowMs) : undefined;
    const isSilent = nowMs - connection.heardMs > silence;
    if (this.#frameSinceMs !== undefined && nowMs - this.#frameSinceMs > silence && isSilent) {
      connection.fail(new ConnectionError(ERROR_CODE.CANCEL, 'stalled', 'a frame without end'));
      return;
    }
    this.#blockedSinceMs = connection.socket.writableNeedDrain ? (this.#blockedSinceMs ?? nowMs) : undefined;
    if (this.#blockedSinceMs === undefined || nowMs - this.#blockedSinceMs < answer) return;
    connection.fail(new ConnectionError(ERROR_CODE.CANCEL, 'stalled', 'answers are not read'));
    connection.socket.destroy();
  }

  #checkKeepalive(nowMs: number): void {
    const connection = this.#connection;
    const { keepalive, keepaliveTimeout } = this.#timesMs;
    if (this.#pingedMs !== undefined) {
      if (connection.heardMs > this.#pingedMs) this.#pingedMs = undefined;
      else if (nowMs - this.#pingedMs > keepaliveTimeout) {
        connection.fail(new ConnectionError(ERROR_CODE.NO_ERROR, 'keepalive', 'no answer to a ping'));
        connection.socket.destroy();
      }
    } else if (nowMs - connection.heardMs > keepalive) {
      this.#pingedMs = nowMs;
      connection.writer.ping(KEEPALIVE_PING);
    }
  }

  #checkAge(nowMs: number): void {
    const { maxConnectionIdle, maxConnectionAge } = this.#timesMs;
    const isIdle = this.#connection.streams.size === 0 && nowMs - this.idleSinceMs > maxConnectionIdle;
    if (this.#farewell.isBegun) {
      if (this.#farewell.check(nowMs, this.#timesMs) === 'over') this.#connection.socket.destroy();
    } else if (isIdle || nowMs - this.#startMs > maxConnectionAge * this.#ageFactor) {
      this.#farewell.begin(nowMs, 'max_age');
    }
  }
}
