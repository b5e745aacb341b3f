import { z } from '@tributary/core';

/** The settings of `flows::conntrack`. */
export const conntrackConfigSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether the processor `enrich` may ask where a connection to a Service went. It needs CAP_NET_ADMIN.',
    ),
  network_namespaces: z
    .array(z.string().min(1))
    .max(64)
    .default([])
    .describe(
      'Network namespaces that are asked beside that of the receiver, by files that stand for them, such as `/run/netns/node-1`: ' +
        'those that translate addresses, where that is not the one the receiver runs in. It needs CAP_SYS_ADMIN.',
    ),
});

/** The settings of `flows::conntrack`. */
export type ConntrackConfig = z.output<typeof conntrackConfigSchema>;
