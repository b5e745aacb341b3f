/**
 * The JSON Schema (draft 2020-12) of a whole configuration, for editors: each component's block from its own zod
 * schema, loosened by what the loader takes everywhere: `${…}` for any value, and nothing at all for a default.
 */
import { z } from 'zod';
import { COMPONENT_KINDS, type ComponentKind, type Factory } from '../component/factory.ts';
import { SIGNALS } from '../component/signal.ts';
import { sectionOf } from './check-components.ts';
import { pipelineSchema } from './check-pipelines.ts';
import type { Registry } from './registry.ts';
import { telemetryConfigSchema } from './telemetry-config.ts';
import { workersSchema } from './workers-config.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

const SECTION_DESCRIPTIONS: Readonly<Record<ComponentKind, string>> = {
  receiver: 'Where data comes from, by id: `type` or `type/name`.',
  processor: 'What is done to data on its way, by id: `type` or `type/name`.',
  connector: 'What joins pipelines, by id: `type` or `type/name`.',
  exporter: 'Where data goes, by id: `type` or `type/name`.',
  extension: 'What serves the process and sees no data, by id: `type` or `type/name`.',
};

/** A text that holds a reference; it may stand for anything. */
const SUBSTITUTION: JsonSchema = { type: 'string', pattern: '\\$\\{[^}]*\\}' };

/** Makes the schema of the configurations that can use a registry's components. */
export function configSchema(registry: Registry): JsonSchema {
  const sections = COMPONENT_KINDS.map((kind) => [sectionOf(kind), sectionSchema(kind, registry)] as const);
  const definitions = COMPONENT_KINDS.flatMap((kind) =>
    registry.list(kind).map(({ factory }) => [definitionName(factory), componentSchema(factory)] as const),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tributary configuration',
    type: 'object',
    properties: {
      ...Object.fromEntries(sections),
      service: serviceSchema(registry),
      plugins: orSubstitution({
        description:
          'TypeScript or JavaScript files (from this file’s folder) and npm packages with more components.',
        type: 'array',
        items: { type: 'string' },
      }),
    },
    // Keys of several levels, which the merging of files is often written with.
    patternProperties: { [`^(?:${[...COMPONENT_KINDS.map(sectionOf), 'service'].join('|')})::`]: {} },
    additionalProperties: false,
    $defs: { ...Object.fromEntries(definitions), substitution: SUBSTITUTION },
  };
}

function definitionName({ kind, type }: Factory): string {
  return `${kind}.${type}`;
}

function sectionSchema(kind: ComponentKind, registry: Registry): JsonSchema {
  const patterns = registry.names(kind).flatMap((name) => {
    const { factory } = registry.get(kind, name) ?? {};
    if (factory === undefined) return [];
    const block = { $ref: `#/$defs/${definitionName(factory)}` };
    return [[`^${name}(?:/.+)?$`, name === factory.type ? block : { ...block, deprecated: true }]];
  });
  return orSubstitution({
    description: SECTION_DESCRIPTIONS[kind],
    type: 'object',
    patternProperties: { ...Object.fromEntries(patterns), '::': {} },
    additionalProperties: false,
  });
}

/** A schema that cannot be put into JSON Schema leaves its block unchecked by the editor. */
function componentSchema(factory: Factory): JsonSchema {
  try {
    const schema = loosen(toJsonSchema(factory.configSchema));
    return { ...schema, description: factory.description };
  } catch {
    return { description: factory.description };
  }
}

function serviceSchema(registry: Registry): JsonSchema {
  const pipeline = loosen(toJsonSchema(pipelineSchema));
  return orSubstitution({
    description: 'Which of the components run, and how.',
    type: 'object',
    properties: {
      extensions: orSubstitution({
        description: 'Ids of the extensions that run, in the order in which they start.',
        type: 'array',
        items: { type: 'string', examples: registry.types('extension') },
      }),
      pipelines: orSubstitution({
        description: 'The pipelines, by id: `signal` or `signal/name`.',
        type: 'object',
        patternProperties: { [`^(?:${SIGNALS.join('|')})(?:/.+)?$`]: pipeline, '::': {} },
        additionalProperties: false,
      }),
      telemetry: loosen(toJsonSchema(telemetryConfigSchema)),
      workers: loosen(toJsonSchema(workersSchema)),
    },
    patternProperties: { '::': {} },
    additionalProperties: false,
  });
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // zod's own names (`starts_with`), which validators complain of; the pattern beside them says all.
      if (jsonSchema.pattern !== undefined) delete jsonSchema.format;
    },
  });
  return rest as JsonSchema;
}

/** What editors show; it stays outside the alternatives that `loosen` makes. */
const ANNOTATIONS = ['description', 'default', 'examples', 'title', 'deprecated', 'writeOnly'];

/** The keywords whose values are schemas, lists of schemas, and maps of schemas. */
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set([
  'items',
  'additionalProperties',
  'propertyNames',
  'not',
]);
const LIST_KEYWORDS: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems']);
const MAP_KEYWORDS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs']);

/** Lets every value below a schema, and the schema's own, be a reference or nothing. */
function loosen(schema: JsonSchema): JsonSchema {
  return orSubstitution(loosenChildren(schema));
}

function loosenChildren(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).map(([keyword, value]) => {
    if (SCHEMA_KEYWORDS.has(keyword) && isSchema(value)) {
      return [keyword, keyword === 'propertyNames' || keyword === 'not' ? value : loosen(value)];
    }
    if (LIST_KEYWORDS.has(keyword) && Array.isArray(value)) {
      const isAlternatives = keyword !== 'prefixItems';
      return [
        keyword,
        value.map((item: JsonSchema) => (isAlternatives ? loosenChildren(item) : loosen(item))),
      ];
    }
    if (MAP_KEYWORDS.has(keyword) && isSchema(value)) {
      return [keyword, mapValues(value, (item) => (isSchema(item) ? loosen(item) : item))];
    }
    return [keyword, value];
  });
  return Object.fromEntries(entries) as JsonSchema;
}

/** A list of texts may also be one text with commas. */
function orSubstitution(schema: JsonSchema): JsonSchema {
  if (Object.keys(schema).every((keyword) => ANNOTATIONS.includes(keyword))) return schema;
  const outer = Object.entries(schema).filter(([keyword]) => ANNOTATIONS.includes(keyword));
  const inner = Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.includes(keyword));
  const isTextList = schema['type'] === 'array' && isTextSchema(schema['items']);
  return {
    ...Object.fromEntries(outer),
    anyOf: [
      Object.fromEntries(inner),
      isTextList ? { type: 'string' } : { $ref: '#/$defs/substitution' },
      { type: 'null' },
    ],
  };
}

function isTextSchema(schema: unknown): boolean {
  if (!isSchema(schema)) return false;
  const alternatives = schema['anyOf'];
  return schema['type'] === 'string' || (Array.isArray(alternatives) && alternatives.some(isTextSchema));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapValues(object: JsonSchema, map: (value: unknown) => unknown): JsonSchema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
