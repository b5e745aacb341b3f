/** `service::workers`: how many threads have a copy of the data path. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';

/** More threads than any machine has cores for. */
const MAX_WORKERS = 256;

const MESSAGE = `expected an integer from 1 to ${MAX_WORKERS}, or "auto"`;

/** The schema; yields a number, for `auto` that of the cores that the process may use. */
export const workersSchema = z
  .union([z.int().min(1).max(MAX_WORKERS), z.literal('auto')], { error: MESSAGE })
  .default(1)
  .describe(
    'How many threads take in and pass on data side by side, each with its own copy of what may be copied; ' +
      '`auto` is one for each core. With 1 everything runs in the main thread.',
  )
  .transform((workers) => (workers === 'auto' ? Math.min(availableParallelism(), MAX_WORKERS) : workers));
