import { byteSizeMib, type ConfigProblem, duration, formatDuration, z } from '@tributary/core';

const percentage = () => z.int().min(0).max(100).default(0);

/** The settings of the `memory_limiter` processor: the Collector's. */
export const memoryLimiterConfigSchema = z.strictObject({
  check_interval: duration({ default: '0s', max: '24h' }).describe(
    'Time between measurements, beside those that arriving data causes; must be set, 1s suits most.',
  ),
  limit_mib: byteSizeMib()
    .default(0)
    .describe('The hard limit on the memory of the process, in MiB; precedes limit_percentage.'),
  spike_limit_mib: byteSizeMib()
    .default(0)
    .describe('How far below the hard limit the soft limit lies, in MiB; 0 is 20 % of the hard limit.'),
  limit_percentage: percentage().describe(
    "The hard limit in percent of the container's memory, or of the machine's where no limit is set on it.",
  ),
  spike_limit_percentage: percentage().describe(
    'How far below the hard limit the soft limit lies, in percent of the same memory; 0 is 20 % of the hard limit.',
  ),
  min_gc_interval_when_soft_limited: duration({ default: '1s' }).describe(
    'Least time between forced garbage collections above the soft limit.',
  ),
  min_gc_interval_when_hard_limited: duration({ default: '0s' }).describe(
    'Least time between forced garbage collections above the hard limit; 0s forces one at every check, ten a second at most.',
  ),
  max_gc_interval_when_soft_limited: duration({ default: '30s' }).describe(
    'How far that time grows above the soft limit while collections free nothing; 0s lets it not grow.',
  ),
  max_gc_interval_when_hard_limited: duration({ default: '30s' }).describe(
    'How far that time grows above the hard limit while collections free nothing; 0s lets it not grow.',
  ),
});

/** The settings of the `memory_limiter` processor; durations in milliseconds. */
export type MemoryLimiterConfig = z.output<typeof memoryLimiterConfigSchema>;

/** The rules across the settings. */
export function validateMemoryLimiterConfig(config: MemoryLimiterConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (key: keyof MemoryLimiterConfig, message: string): void => {
    problems.push({ path: [key], message });
  };
  if (config.check_interval <= 0) {
    report('check_interval', 'must be greater than zero (it is required). Set it to 1s.');
  }
  if (config.limit_mib === 0 && config.limit_percentage === 0) {
    report('limit_mib', 'is required unless limit_percentage is given. Set one of them above zero.');
  }
  if (config.limit_mib > 0 && config.limit_mib <= config.spike_limit_mib) {
    report('spike_limit_mib', smaller(config.spike_limit_mib, 'limit_mib', config.limit_mib));
  }
  if (config.limit_percentage > 0 && config.limit_percentage <= config.spike_limit_percentage) {
    const { limit_percentage: limit, spike_limit_percentage: spike } = config;
    report('spike_limit_percentage', smaller(spike, 'limit_percentage', limit));
  }
  return [...problems, ...validateIntervals(config)];
}

type IntervalKey = Extract<keyof MemoryLimiterConfig, `${'min' | 'max'}_gc_interval_${string}`>;

/** The shorter interval of each pair: memory above the hard limit is the more urgent, and a maximum is above its minimum. */
const ORDERED: readonly (readonly [shorter: IntervalKey, longer: IntervalKey])[] = [
  ['min_gc_interval_when_hard_limited', 'min_gc_interval_when_soft_limited'],
  ['max_gc_interval_when_hard_limited', 'max_gc_interval_when_soft_limited'],
  ['min_gc_interval_when_soft_limited', 'max_gc_interval_when_soft_limited'],
  ['min_gc_interval_when_hard_limited', 'max_gc_interval_when_hard_limited'],
];

function validateIntervals(config: MemoryLimiterConfig): ConfigProblem[] {
  return ORDERED.flatMap(([shorter, longer]) => {
    const isOff = (key: IntervalKey): boolean => key.startsWith('max_') && config[key] === 0;
    if (isOff(shorter) || isOff(longer) || config[shorter] <= config[longer]) return [];
    const found = `${formatDuration(config[longer])} and ${formatDuration(config[shorter])}`;
    return [{ path: [longer], message: `must not be less than ${shorter} (found ${found}). Raise it.` }];
  });
}

function smaller(spike: number, limitKey: string, limit: number): string {
  return `must be smaller than ${limitKey} (found ${spike} and ${limit}). Lower it, or leave it out for 20 %.`;
}
