import type { AttributeAction, Batch, BatchMeta, Consumer, TelemetryRecord } from '@tributary/core';
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
    if (this.#selection === undefined) {
      batch.editItemAttributes((attributes) => this.#actions.apply(attributes, batch.meta));
    } else {
      this.#editSelected(batch, this.#selection);
    }
    return this.#next.consume(batch);
  }

  #editSelected(batch: Batch, selection: ItemSelection): void {
    for (const group of batch.resources()) {
      const ofResource = selection.ofResource(group.resource);
      if (ofResource === 'none') continue;
      for (const scope of group.scopes()) {
        const ofScope = selection.ofScope(scope.scope, ofResource);
        if (ofScope === 'none') continue;
        for (const record of scope.records()) {
          if (selection.hasItem(record, ofScope)) this.#edit(record, batch.meta);
        }
      }
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
