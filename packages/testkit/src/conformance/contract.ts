import { type Batch, type Consumer, PermanentError, RetryableError, type Signal } from '@tributary/core';
import { nopHost } from '../host.ts';
import { numbersOf } from '../numbered-batch.ts';
import type { Running, Subject } from './subject.ts';

/** How many items a check sends, and how many of them at once. */
const ITEMS = 120;
const ITEMS_PER_SEND = 4;

/** How often a client sends the same items again before it counts as never answered. */
const MAX_ATTEMPTS = 50;

/** What a client was told of what it sent. */
export type Answer = 'accepted' | 'refused' | 'retry';

/** A client of the receiver under test. */
export interface ContractClient {
  /**
   * Sends one item for each number (the attribute `test.number`, see `numberedBatch`) and resolves with the answer:
   * `accepted`, `refused` (must not be sent again) or `retry`.
   */
  send(numbers: readonly number[]): Promise<Answer>;
  close?(): void | Promise<void>;
}

/** How to be a client of the receiver under test. */
export interface ReceiverContract {
  readonly signal: Signal;
  /** Connects to the started receiver. */
  connect(running: Running): ContractClient | Promise<ContractClient>;
}

/** How the consumer of a contract check answers. */
export const CONTRACT_MODES = ['accepts', 'refuses for good', 'refuses for now', 'mixes'] as const;

/** One of the ways in which the consumer answers. */
export type ContractMode = (typeof CONTRACT_MODES)[number];

/** What went wrong, by the items' numbers; all empty if the receiver keeps the contract. */
export interface ContractViolations {
  /** Told to be accepted, but the pipeline never accepted them. */
  readonly lost: readonly number[];
  /** Handed to the pipeline again after it had refused them for good. */
  readonly triedAgain: readonly number[];
  /** Told never to be accepted, though the pipeline had not said so. */
  readonly refusedWithoutReason: readonly number[];
  /** Accepted more than once: a client was told to send again what had been accepted. */
  readonly duplicated: readonly number[];
  /** Neither accepted nor refused, however often they were sent. */
  readonly unanswered: readonly number[];
}

/**
 * Runs a receiver against a consumer of the given mode, as a client that obeys the answers it gets, and compares what
 * the client was told with what became of its items. The consumer's answers follow from the mode and their order, so
 * that a failure can be repeated; about half of them come as promises.
 */
export async function checkReceiverContract(
  subject: Subject,
  contract: ReceiverContract,
  mode: ContractMode,
): Promise<ContractViolations> {
  const judge = new Judge(mode);
  const running = await subject.create(undefined, judge);
  const told = new Map<number, Answer>();
  await running.component.start?.(nopHost());
  try {
    const client = await contract.connect(running);
    try {
      for (let first = 0; first < ITEMS; first += ITEMS_PER_SEND) {
        const numbers = Array.from({ length: ITEMS_PER_SEND }, (_, index) => first + index);
        const answer = await sendUntilAnswered(client, numbers);
        for (const number of numbers) told.set(number, answer);
      }
    } finally {
      await client.close?.();
    }
  } finally {
    await running.component.shutdown?.();
  }
  const toldAs = (answer: Answer): number[] =>
    [...told.keys()].filter((number) => told.get(number) === answer);
  return {
    lost: toldAs('accepted').filter((number) => !judge.accepted.has(number)),
    triedAgain: judge.triedAgain,
    refusedWithoutReason: toldAs('refused').filter((number) => !judge.refused.has(number)),
    duplicated: [...judge.accepted.keys()].filter((number) => judge.accepted.get(number)! > 1),
    unanswered: toldAs('retry'),
  };
}

async function sendUntilAnswered(client: ContractClient, numbers: readonly number[]): Promise<Answer> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answer = await client.send(numbers);
    if (answer !== 'retry') return answer;
  }
  return 'retry';
}

/** The consumer: decides on each batch as a whole and remembers what it decided. */
class Judge implements Consumer {
  /** How often each number was accepted. */
  readonly accepted = new Map<number, number>();
  readonly refused = new Set<number>();
  readonly triedAgain: number[] = [];
  readonly #mode: ContractMode;
  readonly #random = randomBits(0x7419);
  #batches = 0;

  constructor(mode: ContractMode) {
    this.#mode = mode;
  }

  consume(batch: Batch): void | Promise<void> {
    const numbers = numbersOf(batch);
    this.triedAgain.push(...numbers.filter((number) => this.refused.has(number)));
    const error = this.#decide();
    if (error === undefined) {
      for (const number of numbers) this.accepted.set(number, (this.accepted.get(number) ?? 0) + 1);
    } else if (error instanceof PermanentError) {
      for (const number of numbers) this.refused.add(number);
    }
    if (this.#random() % 2 === 0) return error === undefined ? Promise.resolve() : Promise.reject(error);
    if (error !== undefined) throw error;
  }

  #decide(): Error | undefined {
    this.#batches += 1;
    const accept = undefined;
    const refuse = new PermanentError('EXPORT_REFUSED', 'contract check: this data is never accepted.');
    const postpone = new RetryableError('EXPORT_UNAVAILABLE', 'contract check: not now. Send it again.');
    switch (this.#mode) {
      case 'accepts':
        return accept;
      case 'refuses for good':
        return refuse;
      case 'refuses for now':
        return this.#batches % 3 === 0 ? accept : postpone;
      case 'mixes':
        return [accept, accept, refuse, postpone, postpone][this.#random() % 5];
    }
  }
}

/** A row of 32-bit numbers that look random and are always the same (xorshift32, Marsaglia 2003). */
function randomBits(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
