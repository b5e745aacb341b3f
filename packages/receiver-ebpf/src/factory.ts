import { defineReceiver } from '@tributary/core';
import { type EbpfConfig, ebpfConfigSchema } from './config.ts';
import { EbpfReceiver } from './ebpf-receiver.ts';

/** The `ebpf` receiver: what this machine's kernel knows of its network, its containers and their connections. */
export const ebpfReceiver = defineReceiver<EbpfConfig>({
  type: 'ebpf',
  description:
    'The TCP connections and UDP flows of this machine and its containers, the packets that it dropped, the programs that ' +
    'start and end, and what containers use, as the kernel has it.',
  signals: { logs: 'alpha', metrics: 'alpha' },
  configSchema: ebpfConfigSchema,
  create: (settings, config, next) => new EbpfReceiver(settings, config, next),
});
