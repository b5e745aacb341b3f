import { duration, z } from '@tributary/core';
import { NO_LOSS_REASONS } from './no-loss-reasons.ts';

/** The settings of the `drops` block. */
export const dropsConfigSchema = z.strictObject({
  interval: duration({ default: '10s', min: '100ms', max: '1h' }).describe(
    'How often the counts are read and given as data points.',
  ),
  exclude_reasons: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9_]+$/, 'expected a reason as `network.drop.reason` has it, such as netfilter_drop'),
    )
    .default([...NO_LOSS_REASONS])
    .describe(
      'Reasons that are not counted, in place of those that are no loss; a subsystem, such as `openvswitch`, stands ' +
        'for all of its reasons.',
    ),
  max_series: z
    .int()
    .min(256)
    .max(1_000_000)
    .default(8192)
    .describe(
      'Combinations of reason, cgroup, network namespace, interface and protocol that are counted at most; of further ' +
        'ones the packets are lost to the metric, and counted as `map_full`.',
    ),
});

/** The settings of the `drops` block; durations in milliseconds. */
export type DropsConfig = z.output<typeof dropsConfigSchema>;
