import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { FlowParts } from './flow-parts.ts';
import { type FlowsConfig, flowsConfigSchema } from './flows-config.ts';
import { FallbackPart } from './sock-diag/fallback-part.ts';
import { SockDiagPart } from './sock-diag/sock-diag-part.ts';
import { TcpPart } from './tcp-part.ts';
import { UdpPart } from './udp/udp-part.ts';

/** The `flows` block: TCP connections, what listening sockets lose, and UDP flows. */
export const flowsBlock: BlockType<FlowsConfig> = {
  name: 'flows',
  signals: ['logs', 'metrics'],
  configSchema: flowsConfigSchema,
  create: (environment, config) => {
    const { source, udp } = config;
    const parts = [tcpPart(environment, config)];
    // Who asks for sock_diag wants no kernel programs.
    if (udp?.enabled === true && source !== 'sock_diag') parts.push(new UdpPart(environment, config, udp));
    return new FlowParts(environment.settings.logger, parts);
  },
};

/** TCP flows from the source that the configuration names. */
function tcpPart(environment: BlockEnvironment, config: FlowsConfig): Block {
  if (config.source === 'bpf') return new TcpPart(environment, config);
  if (config.source === 'sock_diag') return new SockDiagPart(environment, config);
  return new FallbackPart(
    environment.settings.logger,
    new TcpPart(environment, config),
    new SockDiagPart(environment, config),
  );
}
