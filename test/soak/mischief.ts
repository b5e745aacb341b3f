import { RawClient } from './raw-client.ts';
import type { Target } from './subject.ts';

/** What a bad client does, and what the server must count of it. */
export interface Mischief {
  readonly name: string;
  /**
   * What is counted, exactly once each: `refused/TRANSPORT/REASON` for requests, `ended/REASON` for connections. Only where the
   * server must have seen it all when the client is done.
   */
  readonly counted?: readonly string[];
  /** What is counted at most so often: the server may not have come as far when the client went. */
  readonly maybeCounted?: Readonly<Record<string, number>>;
  /** Does it, and is gone afterwards. Throws when the server did what it should not. */
  run(target: Target, context: MischiefContext): Promise<void>;
}

/** What a bad client may use. */
export interface MischiefContext {
  /** How long a client that stands still does so, in milliseconds. */
  readonly stallMs: number;
  /** A whole number from 0 to below `limit`. */
  random(limit: number): number;
}

/** How long a bad client waits for the answer that it must get. */
export const ANSWER_MS = 60_000;

/** Fails unless something holds. */
export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** A client that stands still, and goes when it has waited long enough or is sent away. */
export function standstill(
  name: string,
  maybeCounted: Readonly<Record<string, number>>,
  bytes: readonly Uint8Array[],
): Mischief {
  return {
    name,
    maybeCounted,
    run: async (target, { stallMs, random }) => {
      const client = await RawClient.open(target);
      await client.send(...bytes);
      await client.stay(stallMs);
      if (random(2) === 0) client.reset();
      else await client.leave();
    },
  };
}
