import type { ObjectHandler } from '@tributary/kubernetes';
import { EventDecoder, type KubernetesEvent } from './kubernetes-event.ts';

/** What a handler of Events is told. */
export interface EventHandlerOptions {
  /** When the receiver started, in milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly onEvent: (event: KubernetesEvent) => void;
  /** Called with an object that is no Event. */
  readonly onMalformed: () => void;
}

const DIGITS = /^\d{1,20}$/;

/**
 * Takes Events from one watch: new ones, and those that happened again. Of the first list only those that happened since the
 * start are told, of a later one only what changed since the last (unless a list before it broke off half way).
 */
export class EventHandler implements ObjectHandler {
  readonly #options: EventHandlerOptions;
  readonly #decoder = new EventDecoder();
  readonly #startUnixNano: bigint;
  #isListing = false;
  #wasListed = false;
  /** The newest version that was taken. */
  #newest = 0n;
  /** The newest version in the list that is being taken: lists come in the order of names. */
  #newestListed = 0n;

  constructor(options: EventHandlerOptions) {
    this.#options = options;
    this.#startUnixNano = BigInt(options.startMs) * 1_000_000n;
  }

  listing(): void {
    this.#isListing = true;
  }

  seen(object: Uint8Array): void {
    const event = this.#decoder.read(object);
    if (event === undefined) {
      this.#options.onMalformed();
      return;
    }
    const version = DIGITS.test(event.resourceVersion) ? BigInt(event.resourceVersion) : 0n;
    if (!this.#isListing) {
      if (version > this.#newest) this.#newest = version;
      this.#options.onEvent(event);
      return;
    }
    if (version > this.#newestListed) this.#newestListed = version;
    const isNew = this.#wasListed ? version > this.#newest : event.timeUnixNano >= this.#startUnixNano;
    if (isNew) this.#options.onEvent(event);
  }

  /** That an Event has grown old and is deleted is no news. */
  deleted(): void {}

  listed(): void {
    this.#isListing = false;
    this.#wasListed = true;
    if (this.#newestListed > this.#newest) this.#newest = this.#newestListed;
  }
}
