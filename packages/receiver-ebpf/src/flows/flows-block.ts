import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { ConntrackPart } from './conntrack/conntrack-part.ts';
import { FlowParts } from './flow-parts.ts';
import { type FlowsConfig, flowsConfigSchema } from './flows-config.ts';
import { FallbackPart } from './sock-diag/fallback-part.ts';
import { SockDiagPart } from './sock-diag/sock-diag-part.ts';
import { TcpPart } from './tcp-part.ts';
import { UdpPart } from './udp/udp-part.ts';

/** The `flows` block: TCP connections, what listening sockets lose, UDP flows, and where connections to Services went. */
export const flowsBlock: BlockType<FlowsConfig> = {
  name: 'flows',
  signals: ['logs', 'metrics'],
  configSchema: flowsConfigSchema,
  create: (environment, config) => {
    const { source, udp, conntrack } = config;
    const { settings } = environment;
    const parts = [tcpPart(environment, config)];
    // Who asks for sock_diag wants no kernel programs.
    if (udp?.enabled === true && source !== 'sock_diag') parts.push(new UdpPart(environment, config, udp));
    const beside = conntrack.enabled ? [new ConntrackPart(settings, conntrack)] : [];
    return new FlowParts(settings.logger, parts, beside);
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
