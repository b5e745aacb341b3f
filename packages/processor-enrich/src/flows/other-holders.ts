/** Who held the address of the end of a flow that was not seen, as far as the flow itself lets that be told. */
import type { AddressKey, Context, Holder } from '@tributary/core';
import type { AddressHolders } from './address-holders.ts';
import { earliestMs, type Flow } from './flow.ts';
import { isLoopback } from './peer-sockets.ts';

/**
 * Who was asked and did not take the connection may have been about to come: the API tells by so much later at most that the one
 * before is gone.
 */
const UNANSWERED_MS = 1_000;

/** Whether the other end took the connection, as far as is told: somebody was there then. */
export function isTaken({ observer, connectMs }: Flow): boolean {
  return observer !== 'source' || connectMs > 0;
}

/** See the head of this file. Times are milliseconds since the Unix epoch. */
export class OtherHolders {
  readonly #context: Context;
  readonly #holders: AddressHolders;

  constructor(context: Context, holders: AddressHolders) {
    this.#context = context;
    this.#holders = holders;
  }

  /** `AddressHolders.place` of the last answer. */
  get place(): number {
    return this.#holders.place;
  }

  /** Who held an address at a time. One who calls himself, through a Service perhaps, is known already. */
  at(flow: Flow, address: AddressKey, timeMs: number): Holder | undefined {
    const own = flow.observer === 'source' ? flow.source : flow.destination;
    const isOwn = address === own && flow.observer !== undefined && !isLoopback(address);
    const pod = isOwn ? flow.owner.pod(this.#context) : undefined;
    if (pod !== undefined && !pod.hostNetwork) return pod;
    return flow.isAnswered ? this.#heldAt(flow, address, timeMs) : undefined;
  }

  /**
   * Of a connection whose beginning is not known: who has held the address for as long as it may have lasted unseen. Of one that
   * never came about: who held it for a while yet.
   */
  #heldAt(flow: Flow, address: AddressKey, timeMs: number): Holder | undefined {
    const holder = this.#holders.at(address, timeMs);
    if (holder === undefined || flow.observer === undefined || flow.transport !== 'tcp') return holder;
    if (!flow.hasBegin) return this.#ifHeldAt(holder, address, earliestMs(flow));
    if (isTaken(flow)) return holder;
    const laterMs = timeMs + UNANSWERED_MS;
    return laterMs < this.#context.sources.staleSince ? this.#ifHeldAt(holder, address, laterMs) : undefined;
  }

  #ifHeldAt(holder: Holder, address: AddressKey, timeMs: number): Holder | undefined {
    return this.#holders.at(address, timeMs) === holder ? holder : undefined;
  }
}
