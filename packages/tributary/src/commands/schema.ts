import { configSchema, type Registry } from '@tributary/core';
import { writeOut } from '../output.ts';

/** Prints the JSON Schema of the whole configuration. Returns the exit code. */
export function schema(registry: Registry): number {
  writeOut(`${JSON.stringify(configSchema(registry), null, 2)}\n`);
  return 0;
}
