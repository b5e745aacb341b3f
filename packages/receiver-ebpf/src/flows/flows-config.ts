import { duration, z } from '@tributary/core';
import { ringBufferBytes } from '../ring-buffer-bytes.ts';
import { conntrackConfigSchema } from './conntrack/conntrack-config.ts';
import { udpConfigSchema } from './udp/udp-config.ts';

/** Where TCP flows come from. */
const SOURCES = ['auto', 'bpf', 'sock_diag'] as const;

/** The settings of the `flows` block. */
export const flowsConfigSchema = z.strictObject({
  source: z
    .enum(SOURCES)
    .default('auto')
    .describe(
      'Where TCP flows come from. `bpf`: kernel programs. `sock_diag`: netlink, which needs no BPF and knows less ' +
        '(docs/sock-diag.md). `auto`: `bpf` where this machine allows it, else `sock_diag`.',
    ),
  interval: duration({ default: '10s', min: '100ms', max: '1h' }).describe(
    'How often the open flows are read; each that carried something since gives a record.',
  ),
  idle_interval: duration({ default: '5m', max: '24h' }).describe(
    'How often an open connection that carries nothing gives a record all the same; 0s: never.',
  ),
  ring_buffer_bytes: ringBufferBytes().describe(
    'The kernel memory in which ended connections wait to be read, in bytes, 184 each; a power of two. UDP has as much ' +
      'again, 168 a flow; `sock_diag` at most as much for each network namespace. ' +
      'It must hold those of the longest time that the pipeline takes no data.',
  ),
  conntrack: conntrackConfigSchema
    .prefault({})
    .describe('Where the kernel sent connections to Services, for the processor `enrich`.'),
  udp: udpConfigSchema
    .optional()
    .describe(
      'UDP flows, in the same log events; only if it is named, for unlike all else it runs for each packet, TCP included.',
    ),
});

/** The settings of the `flows` block; durations in milliseconds. */
export type FlowsConfig = z.output<typeof flowsConfigSchema>;
