import { type ConfigProblem, keyword, z } from '@tributary/core';

/** How much is printed of each record. */
export const VERBOSITIES = ['basic', 'normal', 'detailed'] as const;

const DEFAULT_OUTPUT_PATHS: readonly string[] = ['stdout'];

export const debugConfigSchema = z.strictObject({
  verbosity: keyword(VERBOSITIES)
    .default('basic')
    .describe(
      'basic: a short line for each record. normal: a line with all attributes, for metrics one for each data point. ' +
        'detailed: every field of every record, on several lines.',
    ),
  sampling_initial: z
    .int()
    .min(0)
    .default(2)
    .describe('How many batches are printed in each second before sampling begins.'),
  sampling_thereafter: z
    .int()
    .min(0)
    .default(1)
    .describe('Of the further batches of that second every nth is printed: 1 prints all, 0 none.'),
  use_internal_logger: z
    .boolean()
    .default(false)
    .describe(
      "Whether lines go to Tributary's own log, as its service::telemetry::logs says, instead of output_paths. The " +
        "Collector's default is true.",
    ),
  output_paths: z
    .array(z.string().min(1))
    .min(1)
    .default([...DEFAULT_OUTPUT_PATHS])
    .describe('Where lines are printed: "stdout", "stderr", or files, which are appended to.'),
});

/** The configuration of the debug exporter, checked and with defaults. */
export type DebugConfig = z.output<typeof debugConfigSchema>;

export function validateDebugConfig(config: DebugConfig): readonly ConfigProblem[] {
  const isDefault = config.output_paths.join('\n') === DEFAULT_OUTPUT_PATHS.join('\n');
  if (!config.use_internal_logger || isDefault) return [];
  return [
    {
      path: ['output_paths'],
      message: 'has no effect with "use_internal_logger: true". Remove one of the two.',
    },
  ];
}
