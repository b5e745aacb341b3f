import { z } from '@tributary/core';

/** The parts of a JSON Schema that are looked at here. */
interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

/** The paths of the objects in a configuration schema that let unknown keys pass. */
export function looseObjects(schema: z.ZodType): readonly string[] {
  const loose: string[] = [];
  visit(schemaOf(schema), '', (node, path) => {
    if (node.properties !== undefined && node.additionalProperties !== false)
      loose.push(path || '(the block)');
  });
  return loose;
}

/** The paths of the settings in a configuration schema that have no description. */
export function undescribedFields(schema: z.ZodType): readonly string[] {
  const undescribed = new Set<string>();
  visit(schemaOf(schema), '', (node, path) => {
    for (const [key, field] of Object.entries(node.properties ?? {})) {
      if (!field.description?.trim()) undescribed.add(join(path, key));
    }
  });
  return [...undescribed];
}

function schemaOf(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
}

function visit(node: SchemaNode, path: string, found: (node: SchemaNode, path: string) => void): void {
  found(node, path);
  for (const [key, field] of Object.entries(node.properties ?? {})) visit(field, join(path, key), found);
  for (const [key, definition] of Object.entries(node.$defs ?? {})) visit(definition, `#${key}`, found);
  if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, join(path, '*'), found);
  if (node.items !== undefined) visit(node.items, join(path, '[]'), found);
  for (const part of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]) {
    visit(part, path, found);
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}::${key}`;
}
