import { type Logger, PipelineError } from '@tributary/core';
import type { Block } from '../block.ts';

/**
 * The parts of the `flows` block, each of which runs by itself; the block runs if one of them does. Beside them runs what
 * never fails and is of use only with them.
 */
export class FlowParts implements Block {
  readonly #logger: Logger;
  readonly #parts: readonly Block[];
  readonly #beside: readonly Block[];

  constructor(logger: Logger, parts: readonly Block[], beside: readonly Block[] = []) {
    this.#logger = logger;
    this.#parts = parts;
    this.#beside = beside;
  }

  async start(): Promise<void> {
    const problems: PipelineError[] = [];
    for (const part of this.#parts) {
      try {
        await part.start();
      } catch (error) {
        await part.shutdown();
        if (!(error instanceof PipelineError)) throw error;
        problems.push(error);
      }
    }
    const first = problems.length === this.#parts.length ? problems.shift() : undefined;
    for (const { message } of problems) {
      // What keeps all of them from running is said once.
      if (message !== first?.message) this.#logger.error({ error: message }, 'a part of flows cannot run');
    }
    if (first !== undefined) throw first;
    for (const block of this.#beside) await block.start();
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#parts, ...this.#beside].map((part) => part.shutdown(signal)));
  }
}
