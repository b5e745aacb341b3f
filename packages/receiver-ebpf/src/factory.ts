import { defineReceiver } from '@tributary/core';
import { type EbpfConfig, ebpfConfigSchema } from './config.ts';
import { EbpfReceiver } from './ebpf-receiver.ts';

/** The `ebpf` receiver: the TCP connections of this machine, as its kernel counts them. */
export const ebpfReceiver = defineReceiver<EbpfConfig>({
  type: 'ebpf',
  description: 'The TCP connections of this machine and its containers, as the kernel counts them.',
  signals: { logs: 'alpha' },
  configSchema: ebpfConfigSchema,
  create: (settings, config, next) => new EbpfReceiver(settings, config, next),
});
