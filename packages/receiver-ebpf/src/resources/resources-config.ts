import { duration, z } from '@tributary/core';

/** The settings of the `resources` block. */
export const resourcesConfigSchema = z.strictObject({
  interval: duration({ default: '30s', min: '1s', max: '1h' }).describe('How often it reads.'),
  units: z
    .boolean()
    .default(false)
    .describe('Tells of systemd units as well, by metrics `systemd.unit.*` in place of `container.*`.'),
  max_cgroups: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe(
      'More containers and units than this are not read, but counted. Each keeps up to nine files open, and takes some 2 kB ' +
        'of what is sent.',
    ),
});

/** The settings of the `resources` block; durations in milliseconds. */
export type ResourcesConfig = z.output<typeof resourcesConfigSchema>;
