import { duration, z } from '@tributary/core';

const FEWEST_PEERS = 1024;
const MOST_PEERS = 16 * 1024 * 1024;

/** The settings of the UDP part of the `flows` block. */
export const udpConfigSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether UDP flows are reported. It needs CAP_NET_ADMIN.'),
  idle_timeout: duration({ default: '60s', min: '1s', max: '24h' }).describe(
    'A UDP flow that carries nothing for so long has ended; what comes then begins another.',
  ),
  max_peers: z
    .int()
    .min(FEWEST_PEERS)
    .max(MOST_PEERS)
    .default(65_536)
    .describe(
      'How many flows of sockets with several peers are followed at a time, beside one for each socket. ' +
        'Each takes some 500 bytes of kernel memory.',
    ),
});

/** The settings of the UDP part; durations in milliseconds. */
export type UdpConfig = z.output<typeof udpConfigSchema>;
