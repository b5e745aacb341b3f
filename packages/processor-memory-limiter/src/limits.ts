import type { MemoryLimiterConfig } from './config.ts';

const MIB = 1024 * 1024;

/** The two limits, in bytes. */
export interface Limits {
  readonly softBytes: number;
  readonly hardBytes: number;
}

/** Works out the limits; `totalBytes` is what percentages are of. */
export function limitsOf(config: MemoryLimiterConfig, totalBytes: number): Limits {
  const [hardBytes, spikeBytes] =
    config.limit_mib > 0
      ? [config.limit_mib * MIB, config.spike_limit_mib * MIB]
      : [share(totalBytes, config.limit_percentage), share(totalBytes, config.spike_limit_percentage)];
  return { hardBytes, softBytes: hardBytes - (spikeBytes || Math.floor(hardBytes / 5)) };
}

function share(totalBytes: number, percentage: number): number {
  return Math.floor((totalBytes * percentage) / 100);
}

/** Bytes in MiB for logs and messages, with one digit. */
export function toMib(bytes: number): number {
  return Math.round((bytes / MIB) * 10) / 10;
}
