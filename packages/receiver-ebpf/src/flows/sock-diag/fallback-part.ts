import { type Logger, PipelineError } from '@tributary/core';
import type { Block } from '../../block.ts';

/** What records by sock_diag lack, for the log; docs/sock-diag.md says it in full. */
const MISSING = [
  'connect and flow duration',
  'process and container of connections that are opened here and shorter than the interval',
  'how a connection ended, where the kernel does not tell',
  'connections that are refused, or closed without lingering',
  'what listening sockets lose',
  'UDP flows',
];

/** TCP flows by BPF where that can run, else by sock_diag, which is said in the log. */
export class FallbackPart implements Block {
  readonly #logger: Logger;
  readonly #byBpf: Block;
  readonly #bySockDiag: Block;
  #running: Block;

  constructor(logger: Logger, byBpf: Block, bySockDiag: Block) {
    this.#logger = logger;
    this.#byBpf = byBpf;
    this.#bySockDiag = bySockDiag;
    this.#running = byBpf;
  }

  async start(): Promise<void> {
    try {
      await this.#byBpf.start();
    } catch (error) {
      await this.#byBpf.shutdown();
      if (!(error instanceof PipelineError)) throw error;
      this.#running = this.#bySockDiag;
      await this.#bySockDiag.start();
      this.#logger.warn(
        { error: error.message, missing: MISSING },
        'TCP flows are read by sock_diag, for BPF cannot run here',
      );
    }
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    await this.#running.shutdown(signal);
  }
}
