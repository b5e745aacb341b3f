import type { Block, BlockEnvironment } from '../../block.ts';
import { FlowReporter } from '../flow-reporter.ts';
import type { FlowsConfig } from '../flows-config.ts';
import { SockDiagFlows } from './sock-diag-flows.ts';

/** TCP flows of the `flows` block by netlink. */
export class SockDiagPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: FlowsConfig;
  readonly #reporter: FlowReporter;
  #flows: SockDiagFlows | undefined;

  constructor(environment: BlockEnvironment, config: FlowsConfig) {
    this.#environment = environment;
    this.#config = config;
    this.#reporter = new FlowReporter(environment, 'tcp');
  }

  async start(): Promise<void> {
    const { settings, losses } = this.#environment;
    const { idle_interval, interval, ring_buffer_bytes } = this.#config;
    const flows = new SockDiagFlows({
      idleIntervalMs: idle_interval,
      receiveBufferBytes: ring_buffer_bytes,
      logger: settings.logger,
      losses,
    });
    this.#flows = flows;
    await flows.markExisting();
    const { write } = this.#reporter;
    this.#reporter.begin(
      {
        drain: (limit) => flows.drain(write, limit),
        sweep: (mayGoOn) => flows.sweep(write, mayGoOn),
        abandon: () => flows.abandonEnds(),
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
