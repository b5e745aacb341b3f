import type { Outbox, Settings, Signal, z } from '@tributary/core';
import type { CgroupNames } from './cgroups/cgroup-names.ts';
import type { FlowDrops } from './drops/flow-drops.ts';
import type { Losses } from './losses.ts';
import type { ProcessTable } from './processes/process-table.ts';

/** One thing that the receiver watches. It starts, fails and stops by itself. */
export interface Block {
  /** Begins. Throws a `PipelineError` where this machine does not allow it; the other blocks run all the same. */
  start(): Promise<void>;
  /** Hands on what there is and leaves nothing in the kernel; after a failed start too. `signal` ends the patience. */
  shutdown(signal?: AbortSignal): Promise<void>;
}

/** What a block is given. */
export interface BlockEnvironment {
  readonly settings: Settings;
  /** Where log events go. */
  readonly logs: Outbox;
  /** Where metrics go. */
  readonly metrics: Outbox;
  /** Counts what this block loses. */
  readonly losses: Losses;
  /** The cgroups and containers of this machine; all blocks share what one has found. */
  readonly cgroups: CgroupNames;
  /** The dropped packets of flows, from the `drops` block to what writes flow records. */
  readonly flowDrops: FlowDrops;
  /** Whose a pid was at a time; it knows nothing unless the `processes` block runs. */
  readonly processes: ProcessTable;
}

/** A kind of block: what its settings are and how one is made. */
export interface BlockType<Config> {
  /** The block's name in the configuration and as attribute `block` of the receiver's own metrics. */
  readonly name: string;
  /** What it emits. It runs if a pipeline takes at least one of them. */
  readonly signals: readonly Signal[];
  readonly configSchema: z.ZodType<Config>;
  create(environment: BlockEnvironment, config: Config): Block;
}
