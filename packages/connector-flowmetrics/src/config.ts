import { type ConfigProblem, duration, keyword, z } from '@tributary/core';
import {
  DEFAULT_END_DIMENSIONS,
  DEFAULT_FLOW_DIMENSIONS,
  dimensionNames,
  MAX_DIMENSIONS,
  OWN_ATTRIBUTES,
} from './dimensions.ts';

/** The upper bounds of the buckets of explicit histograms: from a round trip inside a machine to a hopeless one. */
const DEFAULT_BOUNDARIES = [
  '100us',
  '250us',
  '500us',
  '1ms',
  '2500us',
  '5ms',
  '10ms',
  '25ms',
  '50ms',
  '100ms',
  '250ms',
  '500ms',
  '1s',
  '2500ms',
  '5s',
  '10s',
];

const attributeNames = () => z.array(z.string().min(1));

const dimensionsSchema = z.strictObject({
  ends: attributeNames()
    .default([...DEFAULT_END_DIMENSIONS])
    .describe(
      'Attributes of both ends, without `source.` and `destination.`. A list that is given takes the place of the default.',
    ),
  source: attributeNames().default([]).describe('Further attributes of the source alone, without `source.`.'),
  destination: attributeNames()
    .default([])
    .describe('Further attributes of the destination alone, without `destination.`.'),
  flow: attributeNames()
    .default([...DEFAULT_FLOW_DIMENSIONS])
    .describe('Attributes of the flow itself, by their whole names.'),
});

const histogramSchema = z.strictObject({
  type: z
    .enum(['exponential', 'explicit'])
    .default('exponential')
    .describe('Whether buckets follow the values, or are those of `boundaries`.'),
  max_size: z
    .int()
    .min(2)
    .max(1024)
    .default(160)
    .describe(
      'How many buckets an exponential histogram has at most; when there would be more they are made twice as wide.',
    ),
  boundaries: z
    .array(duration())
    .min(1)
    .max(200)
    .prefault(DEFAULT_BOUNDARIES)
    .describe('The upper bounds of the buckets of explicit histograms, rising.'),
});

/** The settings of the `flowmetrics` connector. */
export const flowmetricsConfigSchema = z.strictObject({
  interval: duration({ default: '60s', min: '1s', max: '24h' }).describe('How often metrics are given.'),
  aggregation_temporality: keyword(['cumulative', 'delta'])
    .default('cumulative')
    .describe('Whether points count since their series began, or since the last interval.'),
  dimensions: dimensionsSchema
    .prefault({})
    .describe('The attributes by which flows are told apart. All else is added up.'),
  watched: z
    .enum(['cluster', 'node', 'none'])
    .default('cluster')
    .describe(
      'Where the other end of a connection is seen too, so that it is counted once, at its source: on every node of the ' +
        'cluster, on the same node only, or nowhere.',
    ),
  histogram: histogramSchema.prefault({}).describe('The form of the histograms.'),
  max_series: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'More series than this of one metric are counted together in one, with `otel.metric.overflow`.',
    ),
  max_stale: duration({ default: '15m', min: '1s' }).describe(
    'A cumulative series that counts nothing for so long is let go; when it comes back it begins anew.',
  ),
});

/** The settings of the `flowmetrics` connector; durations in milliseconds. */
export type FlowmetricsConfig = z.output<typeof flowmetricsConfigSchema>;

/** The rules across the settings. */
export function validateFlowmetricsConfig({
  dimensions,
  histogram,
  interval,
  ...config
}: FlowmetricsConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const names = dimensionNames(dimensions);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    problems.push({ path: ['dimensions'], message: `name "${twice}" twice. Remove one of them.` });
  }
  const own = names.find((name) => OWN_ATTRIBUTES.includes(name));
  if (own !== undefined) {
    problems.push({
      path: ['dimensions'],
      message: `name "${own}", which the metrics have where it means something. Remove it.`,
    });
  }
  if (names.length > MAX_DIMENSIONS) {
    problems.push({
      path: ['dimensions'],
      message: `are too many (found ${names.length}, counting both ends). Name at most ${MAX_DIMENSIONS}.`,
    });
  }
  const { boundaries } = histogram;
  const fall = boundaries.findIndex((boundary, index) => index > 0 && boundary <= boundaries[index - 1]!);
  if (fall > 0) {
    problems.push({
      path: ['histogram', 'boundaries', fall],
      message: 'must be greater than the one before it. Sort the list.',
    });
  }
  if (config.aggregation_temporality === 'cumulative' && config.max_stale < interval) {
    problems.push({
      path: ['max_stale'],
      message: `must not be shorter than interval (found ${config.max_stale / 1000}s and ${interval / 1000}s). Lengthen it.`,
    });
  }
  return problems;
}
