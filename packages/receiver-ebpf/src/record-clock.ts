import type { LogsWriter } from '@tributary/core';

const TWO_32 = 2 ** 32;
const LOW_HALF = 0xffff_ffffn;

/** Gives log events the Unix time of kernel records, whose times stay in 32-bit halves: no bigint is made for a record. */
export class RecordClock {
  #offsetNs = 0n;
  #offsetLow = 0;
  #offsetHigh = 0;
  #observedLow = 0;
  #observedHigh = 0;

  /** What is added to a time of CLOCK_MONOTONIC to make it Unix time, in nanoseconds. */
  get offsetNs(): bigint {
    return this.#offsetNs;
  }

  /** Sets what turns the kernel's times into Unix time, and the present Unix time; both in nanoseconds. */
  set(monotonicToUnixNs: bigint, nowUnixNs: bigint): void {
    this.#offsetNs = monotonicToUnixNs;
    this.#offsetLow = Number(monotonicToUnixNs & LOW_HALF);
    this.#offsetHigh = Number(monotonicToUnixNs >> 32n);
    this.#observedLow = Number(nowUnixNs & LOW_HALF);
    this.#observedHigh = Number(nowUnixNs >> 32n);
  }

  /** Writes both times of a record that was made at `timeHigh` and `timeLow` of CLOCK_MONOTONIC. */
  write(writer: LogsWriter, timeHigh: number, timeLow: number): void {
    const low = timeLow + this.#offsetLow;
    const carry = low >= TWO_32 ? 1 : 0;
    writer.setTimeHalves(low >>> 0, (timeHigh + this.#offsetHigh + carry) >>> 0);
    writer.setObservedTimeHalves(this.#observedLow, this.#observedHigh);
  }
}
