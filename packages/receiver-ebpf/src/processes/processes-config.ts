import { z } from '@tributary/core';
import { ringBufferBytes } from '../ring-buffer-bytes.ts';

/** `ARGUMENTS_BYTES` in bpf/processes.h. */
const MOST_ARGUMENT_BYTES = 4096;

/** The settings of the `processes` block. */
export const processesConfigSchema = z.strictObject({
  arguments: z
    .boolean()
    .default(false)
    .describe(
      'Whether `process.start` has the arguments of the program. They can hold passwords and tokens, which then go ' +
        'wherever the logs go.',
    ),
  argument_bytes: z
    .int()
    .min(16)
    .max(MOST_ARGUMENT_BYTES)
    .default(1024)
    .describe(
      'The most of the arguments of a program, in bytes; the rest is left out, and the event says so.',
    ),
  ring_buffer_bytes: ringBufferBytes().describe(
    'The kernel memory in which events wait to be read, in bytes, some 300 a process and what there is of ' +
      'arguments; a power of two. It must hold those of the longest time that the pipeline takes no data.',
  ),
});

/** The settings of the `processes` block. */
export type ProcessesConfig = z.output<typeof processesConfigSchema>;
