import { z } from '@tributary/core';
import { dropsConfigSchema } from './drops/drops-config.ts';
import { flowsConfigSchema } from './flows/flows-config.ts';
import { processesConfigSchema } from './processes/processes-config.ts';
import { resourcesConfigSchema } from './resources/resources-config.ts';

/** The settings of the `ebpf` receiver: a block for each thing that it watches. */
export const ebpfConfigSchema = z.strictObject({
  flows: flowsConfigSchema
    .optional()
    .describe(
      'TCP connections and UDP flows, as log events `network.flow`, and what listening sockets lose, as metrics. ' +
        'It is on if no block is named at all.',
    ),
  drops: dropsConfigSchema
    .optional()
    .describe('Packets that the kernel dropped, as the metric `network.flow.drops`.'),
  processes: processesConfigSchema
    .optional()
    .describe(
      'Programs that start and processes that end, as log events `process.start`, `process.exit` and `process.oom_kill`.',
    ),
  resources: resourcesConfigSchema
    .optional()
    .describe('What containers use: CPU, memory, disks, as metrics `container.*`. It needs no BPF.'),
});

/** The settings of the `ebpf` receiver; durations in milliseconds. */
export type EbpfConfig = z.output<typeof ebpfConfigSchema>;
