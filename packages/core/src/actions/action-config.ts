/**
 * The list of actions on attributes that the `attributes` and `resource` processors take: the Collector's
 * (internal/coreinternal/attraction), with its rules on which settings go with which action.
 */
import type { ConfigProblem } from '../component/factory.ts';
import { attributeValue, keyword, z } from '../config/schema-types.ts';
import type { AnyValue } from '../otlp/any-value.ts';
import { anyValueSize } from '../otlp/any-value-write.ts';
import { compilePattern, notAPattern } from './pattern.ts';

/** What can be done to an attribute. */
export const ATTRIBUTE_ACTIONS = [
  'insert',
  'update',
  'upsert',
  'delete',
  'hash',
  'extract',
  'convert',
] as const;

/** What `convert` can convert to. */
export const CONVERTED_TYPES = ['int', 'double', 'string'] as const;

const actionSettings = z.strictObject({
  key: z.string().optional().describe('The attribute to act on.'),
  action: keyword(ATTRIBUTE_ACTIONS).describe('What to do, in any case.'),
  value: attributeValue()
    .optional()
    .describe('insert, update, upsert: the value; its type is that of the YAML value (lists and maps too).'),
  from_attribute: z
    .string()
    .optional()
    .describe('insert, update, upsert: the attribute to copy the value from; without it nothing is done.'),
  from_context: z
    .string()
    .optional()
    .describe(
      'insert, update, upsert: what is known of the client: `client.address`, or `metadata.NAME` for a request ' +
        'header (needs `include_metadata: true` on the receiver; several values are joined by `;`).',
    ),
  default_value: attributeValue()
    .optional()
    .describe('insert, update, upsert: the value where the other source gives none.'),
  pattern: z
    .string()
    .optional()
    .describe(
      "delete, hash: an RE2 pattern of attribute names; extract: one with named groups for the attribute's value.",
    ),
  converted_type: z.enum(CONVERTED_TYPES).optional().describe('convert: the type to convert to.'),
});

/** One action on attributes, as the configuration gives it. */
export type AttributeActionConfig = z.output<typeof actionSettings>;

/** One action on attributes. The rules across its settings are checked here, so that each action is told of. */
export const attributeActionSchema = actionSettings.superRefine((config, context) => {
  for (const { path, message } of checkAction(config)) {
    context.addIssue({ code: 'custom', path: [...path], message, input: config });
  }
});

/** A list of actions, of which there must be one. */
export const attributeActionsSchema = z
  .array(attributeActionSchema)
  .min(1, 'is empty, so that the processor would do nothing. Name at least one action.')
  .prefault([]);

type Setting = Exclude<keyof AttributeActionConfig, 'action' | 'key'>;

/** The settings that an action refuses because they would have no effect; the Collector ignores the others. */
const REFUSED: Readonly<Record<AttributeActionConfig['action'], readonly Setting[]>> = {
  insert: ['pattern', 'converted_type'],
  update: ['pattern', 'converted_type'],
  upsert: ['pattern', 'converted_type'],
  delete: ['value', 'from_attribute', 'converted_type'],
  hash: ['value', 'from_attribute', 'converted_type'],
  extract: ['value', 'from_attribute', 'from_context', 'converted_type'],
  convert: ['value', 'from_attribute', 'from_context', 'pattern'],
};

/** Tells whether a setting is given; the Collector takes an empty string for none. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function checkAction(config: AttributeActionConfig): ConfigProblem[] {
  const { action } = config;
  const problems: ConfigProblem[] = [...checkKey(config)];
  for (const setting of REFUSED[action]) {
    // An empty text is a value like any other.
    const isSet = setting === 'value' ? isValueGiven(config.value) : isGiven(config[setting]);
    if (isSet)
      problems.push({ path: [setting], message: `has no meaning for the action "${action}". Remove it.` });
  }
  switch (action) {
    case 'insert':
    case 'update':
    case 'upsert':
      problems.push(...checkSources(config));
      break;
    case 'convert':
      if (!isGiven(config.converted_type))
        problems.push(missing('converted_type', action, CONVERTED_TYPES.join(', ')));
      break;
    case 'extract':
      problems.push(...checkExtractPattern(config));
      break;
    case 'delete':
    case 'hash':
      if (isGiven(config.pattern)) problems.push(...checkPattern(config.pattern as string));
      break;
  }
  return problems;
}

function checkKey({ action, key, pattern }: AttributeActionConfig): ConfigProblem[] {
  if (isGiven(key)) return [];
  if (action !== 'delete' && action !== 'hash') return [missing('key', action, 'the attribute to act on')];
  if (isGiven(pattern)) return [];
  return [missing('key', action, 'an attribute, or with pattern all whose names match')];
}

function checkSources(config: AttributeActionConfig): ConfigProblem[] {
  const { action, from_context: context } = config;
  const sources = (['value', 'from_attribute', 'from_context'] as const).filter((source) =>
    source === 'value' ? isValueGiven(config.value) : isGiven(config[source]),
  );
  const problems: ConfigProblem[] = [];
  if (sources.length === 0 && !isValueGiven(config.default_value)) {
    problems.push({
      path: [],
      message: `the action "${action}" has no value. Give one of value, from_attribute, from_context and default_value.`,
    });
  }
  if (sources.length > 1) {
    problems.push({
      path: [],
      message: `the action "${action}" has several sources of its value (${sources.join(', ')}). Keep one.`,
    });
  }
  for (const setting of ['value', 'default_value'] as const) {
    problems.push(...checkWritable(setting, config[setting]));
  }
  if (context?.startsWith('auth.') === true) {
    problems.push({
      path: ['from_context'],
      message:
        `"${context}" is what a server authenticator found, and no receiver here authenticates its clients. ` +
        'Use client.address or metadata.NAME, or remove the action.',
    });
  }
  return problems;
}

/** A value that OTLP cannot hold would be refused with every item. */
function checkWritable(setting: 'value' | 'default_value', value: unknown): ConfigProblem[] {
  try {
    anyValueSize(value as AnyValue);
    return [];
  } catch (error) {
    return [{ path: [setting], message: `cannot be an attribute. ${(error as Error).message}` }];
  }
}

function checkExtractPattern({ action, pattern }: AttributeActionConfig): ConfigProblem[] {
  if (!isGiven(pattern)) return [missing('pattern', action, 'an RE2 pattern with named groups')];
  const compiled = compilePattern(pattern as string);
  if (typeof compiled === 'string')
    return [{ path: ['pattern'], message: notAPattern(pattern as string, compiled) }];
  const unnamed = compiled.groupNames.indexOf('');
  if (compiled.groupNames.length > 0 && unnamed === -1) return [];
  const found = unnamed === -1 ? 'no named group' : `an unnamed group (number ${unnamed + 1})`;
  return [
    {
      path: ['pattern'],
      message:
        `"${pattern}" has ${found}. Write a group that gives an attribute as (?P<attribute_name>…), ` +
        'any other as (?:…).',
    },
  ];
}

function checkPattern(pattern: string): ConfigProblem[] {
  const compiled = compilePattern(pattern);
  return typeof compiled === 'string' ? [{ path: ['pattern'], message: notAPattern(pattern, compiled) }] : [];
}

function missing(setting: string, action: string, what: string): ConfigProblem {
  return { path: [setting], message: `is required by the action "${action}". Give ${what}.` };
}

function isValueGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
