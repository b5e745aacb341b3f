import { requireBpf } from '@tributary/bpf';
import type { Block, BlockEnvironment } from '../../block.ts';
import { FlowReporter } from '../flow-reporter.ts';
import type { FlowsConfig } from '../flows-config.ts';
import { UdpRecordDecoder } from '../records/udp-record.ts';
import type { UdpConfig } from './udp-config.ts';
import { observeUdpLosses } from './udp-counters.ts';
import { UdpFlows } from './udp-flows.ts';

/** UDP flows of the `flows` block. */
export class UdpPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: FlowsConfig;
  readonly #udpConfig: UdpConfig;
  readonly #reporter: FlowReporter;
  #flows: UdpFlows | undefined;

  constructor(environment: BlockEnvironment, config: FlowsConfig, udpConfig: UdpConfig) {
    this.#environment = environment;
    this.#config = config;
    this.#udpConfig = udpConfig;
    this.#reporter = new FlowReporter(environment, 'udp');
  }

  async start(): Promise<void> {
    const machine = requireBpf();
    const { settings, losses } = this.#environment;
    const { interval, ring_buffer_bytes } = this.#config;
    const { idle_timeout, max_peers } = this.#udpConfig;
    const flows = await UdpFlows.open({
      idleTimeoutMs: idle_timeout,
      maxPeers: max_peers,
      ringBufferBytes: ring_buffer_bytes,
      machine,
      logger: settings.logger,
    });
    this.#flows = flows;
    observeUdpLosses(losses, () => flows.counters());
    const handle = this.#reporter.decoding(new UdpRecordDecoder());
    this.#reporter.begin(
      {
        drain: (limit) => flows.drain(handle, limit),
        sweep: (mayGoOn) => flows.sweep(handle, mayGoOn),
        makeRoom: (mayGoOn) => (flows.isCrowded ? flows.evict(handle, mayGoOn) : undefined),
        crowding: () => flows.crowding,
        abandon: () => flows.drain(() => {}, Number.POSITIVE_INFINITY),
      },
      interval,
    );
  }

  async shutdown(): Promise<void> {
    await this.#reporter.end();
    this.#flows?.close();
    this.#flows = undefined;
  }
}
