/**
 * Looking into zod schemas: which keys they know, what lies at a path, what takes null, what is secret. Only the
 * `def` of zod 4 is read, so that a schema of another copy of zod can be looked into as well.
 */
import { z } from 'zod';

/** Any zod 4 schema. */
export type Schema = z.core.$ZodType;

/** What of the definitions of all kinds of schemas is read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly getter?: () => Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly options?: readonly Schema[];
  readonly left?: Schema;
  readonly right?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly catchall?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly items?: readonly Schema[];
  readonly rest?: Schema | null;
  readonly values?: readonly unknown[];
  readonly format?: string;
  readonly checks?: readonly z.core.$ZodCheck[];
}

/** A schema without its wrappers (`optional`, `default`, `transform` …) and with its unions taken apart. */
export interface Alternatives {
  readonly schemas: readonly Schema[];
  readonly takesNull: boolean;
  readonly isSecret: boolean;
}

/** The schemas of attribute values, in which a number that is written as a double stays one. */
export const ATTRIBUTE_VALUES = z.registry<{ readonly keepsDoubles: true }>();

/** The kind of a schema: `string`, `object`, `custom` … */
export function kindOf(schema: Schema): string {
  return definition(schema).type;
}

/** Takes schemas apart down to those that look at a value themselves. */
export function alternatives(schemas: readonly Schema[]): Alternatives {
  const found: Schema[] = [];
  const seen = new Set<Schema>();
  let takesNull = false;
  let isSecret = false;
  const visit = (schema: Schema | undefined): void => {
    if (schema === undefined || seen.has(schema)) return;
    seen.add(schema);
    isSecret ||= z.globalRegistry.get(schema)?.['writeOnly'] === true;
    const { type, innerType, getter, in: input, out, options, left, right, values } = definition(schema);
    takesNull ||= TAKE_NULL.has(type) || (type === 'literal' && values?.includes(null) === true);
    if (type === 'pipe') visit(input !== undefined && kindOf(input) === 'transform' ? out : input);
    else if (type === 'lazy') visit(getter?.());
    else if (type === 'union') for (const option of options ?? []) visit(option);
    else if (type === 'intersection') for (const side of [left, right]) visit(side);
    else if (innerType !== undefined) visit(innerType);
    else found.push(schema);
  };
  for (const schema of schemas) visit(schema);
  return { schemas: found, takesNull, isSecret };
}

const TAKE_NULL: ReadonlySet<string> = new Set(['nullable', 'null', 'any', 'unknown']);

/** The schemas that look at what lies under a key or an index; none for a key that a strict object does not know. */
export function childSchemas(schemas: readonly Schema[], key: string | number): Schema[] {
  return alternatives(schemas).schemas.flatMap((schema) => {
    // What lies in the lists and maps of an attribute value is one as well.
    if (ATTRIBUTE_VALUES.has(schema)) return [schema];
    const { type, shape, catchall, valueType, element, items, rest } = definition(schema);
    const found =
      type === 'object'
        ? (own(shape, String(key)) ?? catchall)
        : type === 'tuple'
          ? (items?.[Number(key)] ?? rest)
          : (valueType ?? element);
    const isUnknownKey = found === catchall && found !== undefined && kindOf(found) === 'never';
    return found === undefined || found === null || isUnknownKey ? [] : [found];
  });
}

/** The keys that are known where a key is not: those of the object schemas that do not know it, in their order. */
export function knownKeys(schemas: readonly Schema[], unknownKey: string): string[] {
  const shapes = alternatives(schemas).schemas.map((schema) => Object.keys(definition(schema).shape ?? {}));
  return [...new Set(shapes.filter((keys) => !keys.includes(unknownKey)).flat())];
}

/** True if the schemas take no number but integers. */
export function wantsInteger(schemas: readonly Schema[]): boolean {
  const numbers = alternatives(schemas).schemas.filter((schema) => kindOf(schema) === 'number');
  return numbers.length > 0 && numbers.every(isInteger);
}

function isInteger(schema: Schema): boolean {
  const { format, checks = [] } = definition(schema);
  const formats = [format, ...checks.map((check) => (check._zod.def as { format?: string }).format)];
  return formats.some((name) => name?.includes('int') === true);
}

/** The schemas that look at what lies at a path. */
export function schemasAt(schema: Schema, path: readonly (string | number)[]): readonly Schema[] {
  return path.reduce<readonly Schema[]>((schemas, key) => childSchemas(schemas, key), [schema]);
}

/** True if what lies at a path, around it, or in the map or list that should be there, may be secret. */
export function isSecretAt(schema: Schema, path: readonly (string | number)[]): boolean {
  if (alternatives(childSchemas(schemasAt(schema, path), 0)).isSecret) return true;
  return path.some((_, index) => alternatives(schemasAt(schema, path.slice(0, index + 1))).isSecret);
}

function definition(schema: Schema): Definition {
  return schema._zod.def as unknown as Definition;
}

function own(shape: Readonly<Record<string, Schema>> | undefined, key: string): Schema | undefined {
  return shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : undefined;
}
