import type { Settings } from '@tributary/core';
import type { EnrichConfig } from '../config.ts';
import type { AddedAttributes, EndTables } from '../end-facts.ts';

/** The tables of a processor, watched from `start` to `shutdown`. */
export class BusinessTables implements EndTables {
  readonly revision = 0;

  static create(_settings: Settings, _config: EnrichConfig): BusinessTables {
    return new BusinessTables();
  }

  async start(): Promise<void> {}

  async shutdown(): Promise<void> {}

  ofIdentity(): AddedAttributes | undefined {
    return undefined;
  }

  ofAddress(): AddedAttributes | undefined {
    return undefined;
  }
}
