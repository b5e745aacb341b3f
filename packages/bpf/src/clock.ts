import { native } from './native.ts';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
/** Moves on with each tick of the kernel, so its resolution is a jiffy. */
const CLOCK_MONOTONIC_COARSE = 6;
const CLOCK_BOOTTIME = 7;
/** Reading two clocks is not one act; the tightest of a few tries is off by the least. */
const TRIES = 3;

/**
 * What is added to a time of CLOCK_MONOTONIC, which `bpf_ktime_get_ns` and TCP itself read, to make it Unix time, in nanoseconds;
 * off by less than a microsecond. It changes when the system's time is set or slewed, or the machine slept: ask again,
 * once for each set of records.
 */
export function monotonicToUnixNs(): bigint {
  return offsetToUnixNs(CLOCK_MONOTONIC);
}

/** The same for a time of CLOCK_BOOTTIME, which goes on while the machine sleeps: the beginning of a process. */
export function boottimeToUnixNs(): bigint {
  return offsetToUnixNs(CLOCK_BOOTTIME);
}

function offsetToUnixNs(clock: number): bigint {
  let best: { readonly spread: bigint; readonly offset: bigint } | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const before = readClock(clock);
    const unix = readClock(CLOCK_REALTIME);
    const after = readClock(clock);
    const spread = after - before;
    if (best === undefined || spread < best.spread) best = { spread, offset: unix - (before + spread / 2n) };
  }
  return (best as { readonly offset: bigint }).offset;
}

/** The present time of CLOCK_MONOTONIC in nanoseconds. */
export function monotonicNowNs(): bigint {
  return readClock(CLOCK_MONOTONIC);
}

/** The length of a jiffy in nanoseconds, which is 1/CONFIG_HZ: what TCP counts some times in. */
export function jiffyNs(): bigint {
  native().libc.clockGetres(CLOCK_MONOTONIC_COARSE, timespecBytes);
  return timespecNs();
}

const timespec = new BigInt64Array(2);
const timespecBytes = new Uint8Array(timespec.buffer);

function readClock(clock: number): bigint {
  native().libc.clockGettime(clock, timespecBytes);
  return timespecNs();
}

function timespecNs(): bigint {
  return (timespec[0] as bigint) * 1_000_000_000n + (timespec[1] as bigint);
}
