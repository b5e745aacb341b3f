import type { AddressKey, NetworkTransport } from '@tributary/core';
import type { SourcePort } from './peer-sockets.ts';
import type { SidedAttributes } from './sided-attributes.ts';
import type { Side } from './sides.ts';
import type { SocketOwner } from './socket-owner.ts';

/**
 * A connection that was there before anybody looked, and whose record may be of its end, had the other end that it has for some
 * time before: longer than the first records of a start take.
 */
const UNSEEN_MS = 15_000;

/** A flow, as its record tells it. */
export interface Flow {
  readonly transport: NetworkTransport | undefined;
  readonly source: AddressKey | undefined;
  /** -1 where it is not told. */
  readonly sourcePort: number;
  /** What the source asked for. */
  readonly destination: AddressKey | undefined;
  readonly destinationPort: number;
  /** Where the kernel is known to have sent it instead. */
  readonly nat: AddressKey | undefined;
  readonly natPort: number;
  /** Whose socket it was seen at. */
  readonly observer: Side | undefined;
  readonly isClosed: boolean;
  /** When it was read, in milliseconds since the Unix epoch; never after the present. */
  readonly timeMs: number;
  /** When it began; the time that it was read at where that is not known. */
  readonly beginMs: number;
  readonly hasBegin: boolean;
  /** How long the source waited for the connection, in milliseconds; NaN where it is not told. */
  readonly connectMs: number;
  /**
   * False of a connection from before anybody looked that has had nothing from its other end since: who had the address then may
   * be long gone without a word, and another have it.
   */
  readonly isAnswered: boolean;
  /** Whose socket that is. */
  readonly owner: SocketOwner;
  /** The program that has it open. */
  readonly executable: SidedAttributes | undefined;
  readonly sourceEnd: EndState;
  readonly destinationEnd: EndState;
  readonly hasScope: boolean;
  /** What `PeerSockets` keeps of its source's port. */
  port: SourcePort | undefined;
  /** The turn of `PeerSockets` at which that was. */
  portTurn: number;
}

/** What a record tells of an end before the join. */
export const END_STATES = {
  /** Nothing but the address and the port. */
  bare: 0,
  /** An earlier join has found it. */
  found: 1,
  /** An earlier join looked for it, in vain. */
  unfound: 2,
  /** Nobody looked for it, but something is told of it. */
  told: 3,
  /** An earlier join looked for it in vain, and something is told of it. */
  unfoundButTold: 4,
} as const;

/** One of them. */
export type EndState = (typeof END_STATES)[keyof typeof END_STATES];

/** Since when a flow may have had the other end that it has, in milliseconds since the Unix epoch. */
export function earliestMs({ hasBegin, beginMs }: Flow): number {
  return hasBegin ? beginMs : beginMs - UNSEEN_MS;
}
