import type { RawHeaders } from '../cors.ts';
import type { BodyListener } from './body-intake.ts';
import type { Field } from './head.ts';

/** A request whose head has been read. */
export interface PlainCall {
  readonly fields: readonly Field[];
  readonly peerAddress: string;
  /** Reads the body. To be called before the call's taker returns, if at all. */
  readBody(limit: number, listener: BodyListener): void;
  /** Throws the body away: `budget` bytes at most, then the connection is closed. */
  discardBody(budget: number): void;
  /** Answers; once. The headers have the length. A list that is used again and again is written fastest. */
  answer(status: number, headers: RawHeaders, body: string | Uint8Array): void;
}

/**
 * Why a request was refused that nobody took: its head cannot be read or not in one way, or asks for what is not there; it is
 * above a limit; or no more of it came.
 */
export type HeadRefusal = 'malformed' | 'too_large' | 'aborted';

/** Takes plain requests. */
export interface PlainHandler<Route> {
  /** What to do with a POST that has this head; undefined: leave it to node:http. Asked once for heads that are the same. */
  route(target: string, fields: readonly Field[]): Route | undefined;
  /** Takes a request. */
  take(call: PlainCall, route: Route): void;
  /** Told of each request that was refused for its head. */
  onRefused?(reason: HeadRefusal): void;
}

/** In milliseconds; 0 for none. */
export interface PlainTimeouts {
  readonly head: number;
  readonly request: number;
  readonly idle: number;
  readonly answer: number;
}
