import { duration, z } from '@tributary/core';

/** The settings of the join of flows. */
export const flowsConfigSchema = z
  .strictObject({
    hold: duration({ default: '1s', max: '1m' }).describe(
      "How long every flow waits for the other end's record and for news of new pods; 0s joins at once.",
    ),
    wait_for_current: duration({ default: '30s', max: '10m' }).describe(
      'How long flows wait at most while a source of facts does not keep up; then they go on and say so.',
    ),
    stale: z
      .enum(['omit', 'mark'])
      .default('omit')
      .describe(
        'What becomes of a name that rests on an address which may have changed hands since a source of facts fell behind: ' +
          '`omit` leaves the end without one, `mark` gives it. Either way the end has `match.stale`. Who did not answer has no name then, and no mark.',
      ),
    max_held_records: z
      .int()
      .min(1)
      .default(200_000)
      .describe('More records than this do not wait; the oldest go on at once.'),
    max_held_bytes: z
      .int()
      .min(1)
      .default(128 * 1024 * 1024)
      .describe('More bytes than this do not wait; the oldest go on at once.'),
    max_connections: z
      .int()
      .min(2)
      .default(200_000)
      .describe('Of as many sockets is remembered who has them, to tell the other end of the connection.'),
  })
  .prefault({});

/** The settings of the join of flows; durations in milliseconds. */
export type FlowsConfig = z.output<typeof flowsConfigSchema>;
