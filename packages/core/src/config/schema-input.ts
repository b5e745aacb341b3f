/**
 * From configuration nodes to the plain values that a schema is given. The schema decides where there is a choice, as
 * the types of the Go structs do in the Collector:
 *
 * - null where the schema does not take it: `{}` for a map, else the key is left out and its default applies;
 * - a substituted value where the schema wants a string: its text, else what YAML reads;
 * - a whole number written as a double, where the schema takes an attribute value: a `DoubleValue`;
 * - a string where the schema wants a list of strings: its parts between commas.
 */
import { z } from 'zod';
import { double } from '../otlp/any-value.ts';
import type { ConfigNode, ListNode, MapNode, ScalarNode } from './node.ts';
import { ATTRIBUTE_VALUES, alternatives, childSchemas, kindOf, type Schema } from './schema-walk.ts';

/** A key that is left out. */
const ABSENT = Symbol('absent');

/** Makes the value of a whole block; one that is null or cannot be made is the empty block. */
export function schemaInput(node: ConfigNode, schema: Schema): unknown {
  const value = input(node, [schema]);
  return value === ABSENT ? {} : value;
}

/** Makes a plain value without the help of a schema. */
export function plainValue(node: ConfigNode): unknown {
  const value = input(node, []);
  return value === ABSENT ? null : value;
}

function input(node: ConfigNode, schemas: readonly Schema[]): unknown {
  const text = node.substitution?.text;
  if (text === undefined || schemas.length === 0) return typedInput(node, schemas);
  const found = alternatives(schemas);
  const takesOnlyText =
    found.schemas.length > 0 && found.schemas.every((schema) => TEXT_KINDS.has(kindOf(schema)));
  if (takesOnlyText && (text !== '' || !found.takesNull)) return text;
  const typed = typedInput(node, schemas);
  const accepts = (value: unknown): boolean => schemas.some((schema) => isAccepted(schema, value));
  return typed !== ABSENT && !accepts(typed) && accepts(text) ? text : typed;
}

function typedInput(node: ConfigNode, schemas: readonly Schema[]): unknown {
  switch (node.kind) {
    case 'map':
      return mapInput(node, schemas);
    case 'list':
      return listInput(node, schemas);
    case 'scalar':
      return scalarInput(node, schemas);
    case 'invalid':
      return ABSENT;
  }
}

function mapInput({ entries }: MapNode, schemas: readonly Schema[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, { value }] of entries) {
    const made = input(value, childSchemas(schemas, key));
    if (made !== ABSENT && key !== '__proto__') result[key] = made;
  }
  return result;
}

function listInput({ items }: ListNode, schemas: readonly Schema[]): unknown[] {
  return items.map((item, index) => {
    const made = input(item, childSchemas(schemas, index));
    return made === ABSENT ? null : made;
  });
}

function scalarInput({ value, isDouble }: ScalarNode, schemas: readonly Schema[]): unknown {
  if (isDouble === true && alternatives(schemas).schemas.some((schema) => ATTRIBUTE_VALUES.has(schema))) {
    return double(Number(value));
  }
  if (value !== null && typeof value !== 'string') return value;
  const { schemas: found, takesNull } = alternatives(schemas);
  if (value === null) {
    if (takesNull || schemas.length === 0) return null;
    return found.some((schema) => MAP_KINDS.has(kindOf(schema))) ? {} : ABSENT;
  }
  return found.length > 0 && found.every(isListOfText) ? (value === '' ? [] : value.split(',')) : value;
}

const TEXT_KINDS: ReadonlySet<string> = new Set(['string', 'enum', 'template_literal']);
const MAP_KINDS: ReadonlySet<string> = new Set(['object', 'record']);

function isListOfText(schema: Schema): boolean {
  if (kindOf(schema) !== 'array') return false;
  const { schemas } = alternatives(childSchemas([schema], 0));
  return schemas.length > 0 && schemas.every((element) => TEXT_KINDS.has(kindOf(element)));
}

/** A schema that throws has a defect of its own, which the parsing of the whole block reports. */
function isAccepted(schema: Schema, value: unknown): boolean {
  try {
    return z.safeParse(schema, value).success;
  } catch {
    return false;
  }
}
