/**
 * `include` and `exclude`: which items a processor acts on, by the Collector's properties
 * (internal/filter/filterconfig). All properties of a block must match; of the texts of one property, one must.
 */
import type { ConfigProblem } from '../component/factory.ts';
import type { Signal } from '../component/signal.ts';
import { z } from '../config/schema-types.ts';
import { isGiven } from './action-config.ts';
import { compilePattern, notAPattern } from './pattern.ts';

/** How the texts of a block are compared. */
export const MATCH_TYPES = ['strict', 'regexp'] as const;

const attributeSchema = z.strictObject({
  key: z.string().describe('The name of the attribute.'),
  value: z
    .unknown()
    .optional()
    .describe('strict: the value and its type; regexp: an RE2 pattern; without it any value matches.'),
});

const texts = (what: string) => z.array(z.string()).default([]).describe(what);

const matchSettings = z.strictObject({
  match_type: z
    .enum(MATCH_TYPES)
    .optional()
    .describe('`strict` compares whole texts, `regexp` looks for RE2 patterns anywhere in them.'),
  regexp: z
    .strictObject({
      cacheenabled: z
        .boolean()
        .default(false)
        .describe('Whether the answers for recent texts are remembered.'),
      cachemaxnumentries: z
        .int()
        .min(0)
        .default(0)
        .describe('How many texts are remembered; 0 is 10000 (the Collector sets no bound).'),
    })
    .optional()
    .describe('Settings of match_type: regexp.'),
  services: texts('traces: `service.name` of the resource.'),
  span_names: texts('traces: names of spans.'),
  span_kinds: texts('traces: kinds of spans, such as `SPAN_KIND_SERVER`.'),
  log_bodies: texts('logs: bodies; those that are no strings as text.'),
  log_severity_texts: texts('logs: severity texts.'),
  log_severity_number: z
    .strictObject({
      min: z.int().default(0).describe('The least severity number that matches (9 is INFO, 17 is ERROR).'),
      match_undefined: z
        .boolean()
        .default(false)
        .describe('Whether records without a severity number match.'),
    })
    .optional()
    .describe('logs: severity numbers.'),
  metric_names: texts('metrics: names of metrics.'),
  attributes: z
    .array(attributeSchema)
    .default([])
    .describe('traces, logs: attributes of the item, all of which must match.'),
  resources: z
    .array(attributeSchema)
    .default([])
    .describe('Attributes of the resource, all of which must match.'),
  libraries: z
    .array(
      z.strictObject({
        name: z.string().default('').describe('The name of the instrumentation scope.'),
        version: z
          .string()
          .optional()
          .describe('Its version; without it any matches, with "" only an empty one.'),
      }),
    )
    .default([])
    .describe('traces, logs: instrumentation scopes, all of which must match.'),
});

/** One block of properties, as the configuration gives it. */
export type MatchPropertiesConfig = z.output<typeof matchSettings>;

/** One block of properties. What holds for every signal is checked here, the rest by `checkMatchForSignal`. */
export const matchPropertiesSchema = matchSettings.superRefine((config, context) => {
  for (const { path, message } of checkMatch(config)) {
    context.addIssue({ code: 'custom', path: [...path], message, input: config });
  }
});

const TEXT_PROPERTIES = [
  'services',
  'span_names',
  'span_kinds',
  'log_bodies',
  'log_severity_texts',
  'metric_names',
] as const;

/** What items can be matched by. */
const MATCH_PROPERTIES = [
  ...TEXT_PROPERTIES,
  'log_severity_number',
  'attributes',
  'resources',
  'libraries',
] as const;

type MatchProperty = (typeof MATCH_PROPERTIES)[number];

/** What the items of a signal are called, and what they can be matched by. */
const MEANINGFUL: Readonly<
  Record<Signal, { readonly item: string; readonly properties: readonly MatchProperty[] }>
> = {
  traces: {
    item: 'spans',
    properties: ['services', 'span_names', 'span_kinds', 'attributes', 'resources', 'libraries'],
  },
  metrics: { item: 'metrics', properties: ['metric_names', 'resources'] },
  logs: {
    item: 'log records',
    properties: [
      'log_bodies',
      'log_severity_texts',
      'log_severity_number',
      'attributes',
      'resources',
      'libraries',
    ],
  },
};

/** What `span_kinds` can name with `match_type: strict`, by the number of the kind in OTLP. */
export const SPAN_KINDS: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];

function checkMatch(config: MatchPropertiesConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.match_type === undefined && comparesTexts(config)) {
    problems.push({ path: ['match_type'], message: 'is required. Set it to strict or regexp.' });
  }
  for (const property of ['attributes', 'resources'] as const) {
    for (const [index, { key, value }] of config[property].entries()) {
      if (key === '')
        problems.push({ path: [property, index, 'key'], message: 'is empty. Name an attribute.' });
      if (config.match_type === 'regexp' && isGiven(value) && typeof value !== 'string') {
        problems.push({
          path: [property, index, 'value'],
          message: `is a pattern with match_type: regexp (found ${JSON.stringify(value)}). Quote it, or use strict.`,
        });
      }
    }
  }
  if (config.match_type === 'regexp') problems.push(...checkPatterns(config));
  return problems;
}

/** Checks what the Collector asks of a block in a pipeline of this signal; returns the problems' texts. */
export function checkMatchForSignal(config: MatchPropertiesConfig, signal: Signal): string[] {
  const { item, properties } = MEANINGFUL[signal];
  const isUsed = (property: MatchProperty): boolean => {
    const value = config[property];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  const problems = MATCH_PROPERTIES.filter(
    (property) => isUsed(property) && !properties.includes(property),
  ).map(
    (property) =>
      `${property} has no meaning for ${item}. Remove it, or use another processor in this pipeline.`,
  );
  if (!properties.some(isUsed)) {
    problems.push(`nothing to match by. Give at least one of ${properties.join(', ')}.`);
  }
  if (signal === 'traces' && config.match_type === 'strict')
    problems.push(...checkSpanKinds(config.span_kinds));
  return problems;
}

function comparesTexts(config: MatchPropertiesConfig): boolean {
  return (
    TEXT_PROPERTIES.some((property) => config[property].length > 0) ||
    config.libraries.length > 0 ||
    [...config.attributes, ...config.resources].some(({ value }) => isGiven(value))
  );
}

function checkPatterns(config: MatchPropertiesConfig): ConfigProblem[] {
  const patterns: [ConfigProblem['path'], unknown][] = [
    ...TEXT_PROPERTIES.flatMap((property) =>
      config[property].map((pattern, index): [ConfigProblem['path'], unknown] => [
        [property, index],
        pattern,
      ]),
    ),
    ...(['attributes', 'resources'] as const).flatMap((property) =>
      config[property].map(({ value }, index): [ConfigProblem['path'], unknown] => [
        [property, index, 'value'],
        value,
      ]),
    ),
    ...config.libraries.flatMap(({ name, version }, index): [ConfigProblem['path'], unknown][] => [
      [['libraries', index, 'name'], name],
      [['libraries', index, 'version'], version],
    ]),
  ];
  return patterns.flatMap(([at, pattern]) => {
    const compiled = typeof pattern === 'string' ? compilePattern(pattern) : undefined;
    return typeof compiled === 'string'
      ? [{ path: at, message: notAPattern(pattern as string, compiled) }]
      : [];
  });
}

function checkSpanKinds(kinds: readonly string[]): string[] {
  const known = SPAN_KINDS.slice(1);
  return kinds
    .filter((kind) => !known.includes(kind))
    .map((kind) => `span_kinds: "${kind}" is no kind of span. Use one of ${known.join(', ')}.`);
}
