/** Writes the TypeScript constants for what C and TypeScript share, out of an object's BTF. */
import type { Btf } from './btf.ts';

/** What to write constants for. */
export interface LayoutRequest {
  /** Where the types are defined, for the reader of the generated file: `bpf/tcp.h`. */
  readonly source: string;
  readonly structs: readonly string[];
  readonly enums: readonly string[];
}

/**
 * The text of a module with one constant object for each struct (`size` and the offset of every field) and each enum
 * (its constants), under their C names in capitals.
 */
export function layoutModule(btf: Btf, { source, structs, enums }: LayoutRequest): string {
  const blocks = [
    ...structs.map((name) => {
      const { size, fields } = btf.struct(name);
      const entries: [string, number][] = [['size', size]];
      for (const field of fields) entries.push([field.name, field.offset]);
      return constant(`\`struct ${name}\`: its size, and where each field begins, in bytes.`, name, entries);
    }),
    ...enums.map((name) => constant(`\`enum ${name}\`.`, name, Object.entries(btf.enum(name)))),
  ];
  return `/** Generated from ${source} by \`npm run bpf\`; the comments are there. Do not edit. */\n\n${blocks.join('\n')}`;
}

function constant(comment: string, name: string, entries: readonly (readonly [string, number])[]): string {
  const lines = entries.map(([key, value]) => `  ${key}: ${value},\n`);
  return `/** ${comment} */\nexport const ${name.toUpperCase()} = {\n${lines.join('')}} as const;\n`;
}
