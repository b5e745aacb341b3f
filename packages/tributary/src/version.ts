import { createRequire } from 'node:module';

/** The version of the program, from its package. */
export const VERSION: string = createRequire(import.meta.url)('../package.json').version;
