import type { Batch, ResourceGroup, Settings } from '@tributary/core';
import type { EnrichConfig } from '../config.ts';

/** Adds to the resources of spans, metrics and logs what is known of who sent them. */
export class ResourceJoin {
  static create(_settings: Settings, _config: EnrichConfig): ResourceJoin {
    return new ResourceJoin();
  }

  /** Edits the resources of a batch, but for the groups that `isLeftOut` names. */
  join(_batch: Batch, _isLeftOut?: (group: ResourceGroup) => boolean): void {}
}
