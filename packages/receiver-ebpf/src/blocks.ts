import type { Block, BlockEnvironment, BlockType } from './block.ts';
import type { EbpfConfig } from './config.ts';
import { dropsBlock } from './drops/drops-block.ts';
import { flowsBlock } from './flows/flows-block.ts';
import { processesBlock } from './processes/processes-block.ts';
import { resourcesBlock } from './resources/resources-block.ts';

/** A block that the configuration asks for. */
export interface WantedBlock extends Pick<BlockType<unknown>, 'name' | 'signals'> {
  create(environment: BlockEnvironment): Block;
}

/** The blocks that a configuration asks for: those that it names, and `flows` if it names none. */
export function wantedBlocks(config: EbpfConfig): WantedBlock[] {
  const wanted: WantedBlock[] = [];
  const add = <Config>(type: BlockType<Config>, settings: Config | undefined): void => {
    if (settings === undefined) return;
    const { name, signals } = type;
    wanted.push({ name, signals, create: (environment) => type.create(environment, settings) });
  };
  add(processesBlock, config.processes);
  add(flowsBlock, config.flows);
  // After those that write flow records, for which it counts by flow as well.
  add(dropsBlock, config.drops);
  add(resourcesBlock, config.resources);
  if (wanted.length === 0) add(flowsBlock, flowsBlock.configSchema.parse({}));
  return wanted;
}
