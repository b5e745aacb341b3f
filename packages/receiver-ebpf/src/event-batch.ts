/** What writers of log events about kernel records have in common. */
import os from 'node:os';
import { ATTR_HOST_NAME, type Batch, LogsWriter } from '@tributary/core';
import { SCOPE_NAME } from './scope-name.ts';

const TWO_32 = 2 ** 32;
const LOW_HALF = 0xffff_ffffn;

/** What such a writer is told once. */
export interface EventBatchOptions {
  readonly version: string;
  readonly hostName?: string;
}

/**
 * Gathers log events, all of this host and of the receiver's scope. Kernel times stay in 32-bit halves: no bigint is made
 * for a record.
 */
export abstract class EventBatch {
  protected readonly writer = new LogsWriter();
  readonly #version: string;
  readonly #hostName: string;
  #offsetNs = 0n;
  #offsetLow = 0;
  #offsetHigh = 0;
  #observedLow = 0;
  #observedHigh = 0;

  constructor({ version, hostName = os.hostname() }: EventBatchOptions) {
    this.#version = version;
    this.#hostName = hostName;
  }

  /** How many events are in the batch. */
  get itemCount(): number {
    return this.writer.itemCount;
  }

  /** What is added to a time of CLOCK_MONOTONIC to make it Unix time, in nanoseconds. */
  protected get offsetNs(): bigint {
    return this.#offsetNs;
  }

  /** Sets what turns the kernel's times into Unix time, and the present Unix time; both in nanoseconds. */
  setClock(monotonicToUnixNs: bigint, nowUnixNs: bigint): void {
    this.#offsetNs = monotonicToUnixNs;
    this.#offsetLow = Number(monotonicToUnixNs & LOW_HALF);
    this.#offsetHigh = Number(monotonicToUnixNs >> 32n);
    this.#observedLow = Number(nowUnixNs & LOW_HALF);
    this.#observedHigh = Number(nowUnixNs >> 32n);
  }

  /** The batch of all that was written; undefined if that is nothing. */
  finish(): Batch | undefined {
    return this.writer.finish();
  }

  /** Begins the event of a record that was made at `timeHigh` and `timeLow` of CLOCK_MONOTONIC. */
  protected begin(timeHigh: number, timeLow: number): void {
    const { writer } = this;
    if (writer.itemCount === 0) {
      writer.resource({ [ATTR_HOST_NAME]: this.#hostName });
      writer.scope(SCOPE_NAME, this.#version);
    }
    writer.beginRecord();
    const low = timeLow + this.#offsetLow;
    const carry = low >= TWO_32 ? 1 : 0;
    writer.setTimeHalves(low >>> 0, (timeHigh + this.#offsetHigh + carry) >>> 0);
    writer.setObservedTimeHalves(this.#observedLow, this.#observedHigh);
  }
}
