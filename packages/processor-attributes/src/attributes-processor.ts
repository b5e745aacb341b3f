import type {
  AttributeAction,
  Batch,
  BatchMeta,
  Consumer,
  ScopeGroup,
  TelemetryRecord,
} from '@tributary/core';
import type { ItemSelection } from './item-selection.ts';

/** Edits the attributes of each item (span, data point, log record) that is selected, then passes the batch on. */
export class AttributesProcessor implements Consumer {
  readonly mutatesData = true;
  readonly #actions: AttributeAction;
  readonly #selection: ItemSelection | undefined;
  readonly #next: Consumer;

  /** Without a selection every item is edited. */
  constructor(actions: AttributeAction, selection: ItemSelection | undefined, next: Consumer) {
    this.#actions = actions;
    this.#selection = selection;
    this.#next = next;
  }

  consume(batch: Batch): void | Promise<void> {
    for (const group of batch.resources()) {
      const ofResource = this.#selection?.ofResource(group.resource);
      if (ofResource === 'none') continue;
      for (const scope of group.scopes()) this.#editScope(scope, ofResource, batch.meta);
    }
    return this.#next.consume(batch);
  }

  #editScope(group: ScopeGroup, ofResource: Exclude<Selected, 'none'>, meta: BatchMeta): void {
    if (this.#selection === undefined || ofResource === undefined) {
      for (const record of group.records()) this.#edit(record, meta);
      return;
    }
    const ofScope = this.#selection.ofScope(group.scope, ofResource);
    if (ofScope === 'none') return;
    for (const record of group.records()) {
      if (this.#selection.hasItem(record, ofScope)) this.#edit(record, meta);
    }
  }

  #edit(record: TelemetryRecord, meta: BatchMeta): void {
    if (record.kindOf !== 'metric') {
      this.#actions.apply(record.attributes, meta);
      return;
    }
    for (const point of record.dataPoints()) this.#actions.apply(point.attributes, meta);
  }
}

type Selected = ReturnType<ItemSelection['ofResource']> | undefined;
