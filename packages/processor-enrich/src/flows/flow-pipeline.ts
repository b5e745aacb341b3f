/** What becomes of a batch with flows: it is read, waits, is joined, and is handed on. */
import {
  type Batch,
  type Consumer,
  EncodedText,
  EVENT_NETWORK_FLOW,
  errorText,
  isEventOfName,
  Outbox,
  type ResourceGroup,
  RetryableError,
  type Settings,
} from '@tributary/core';
import type { EnrichConfig } from '../config.ts';
import type { EndTables } from '../end-facts.ts';
import type { ResourceJoin } from '../resources/resource-join.ts';
import { FlowJoin } from './flow-join.ts';
import { FlowMetrics } from './flow-metrics.ts';
import { type HeldBatch, HeldFlows } from './held-flows.ts';

const EVENT = new EncodedText(EVENT_NETWORK_FLOW);
/** When a sender that was refused is told to try again, in milliseconds. */
const FULL_DELAY_MS = 1000;

/** What flows are joined with. */
export interface FlowPipelineParts {
  readonly tables: EndTables;
  readonly resources: ResourceJoin;
}

/** See the head of this file. */
export class FlowPipeline {
  readonly #id: string;
  readonly #next: Consumer;
  readonly #resources: ResourceJoin;
  readonly #join: FlowJoin;
  readonly #outbox: Outbox;
  readonly #held: HeldFlows;
  readonly metrics: FlowMetrics;

  constructor(settings: Settings, config: EnrichConfig, next: Consumer, parts: FlowPipelineParts) {
    const { context, telemetry } = settings;
    const { flows } = config;
    this.#id = settings.id;
    this.#next = next;
    this.#resources = parts.resources;
    this.metrics = new FlowMetrics(telemetry);
    this.#join = new FlowJoin(context, {
      tables: parts.tables,
      metrics: this.metrics,
      maxConnections: flows.max_connections,
      stale: flows.stale,
    });
    this.#outbox = new Outbox(next, {
      maxRecords: flows.max_held_records,
      onLost: (records, reason, error) => {
        this.metrics.lost(records, reason);
        settings.logger.error({ records, reason, error: errorText(error) }, 'flows were lost');
      },
    });
    this.#held = new HeldFlows(context.sources, this.#outbox, {
      holdMs: flows.hold,
      waitForCurrentMs: flows.wait_for_current,
      waitForMetadataMs: config.wait_for_metadata ? config.wait_for_metadata_timeout : 0,
      maxRecords: flows.max_held_records,
      maxBytes: flows.max_held_bytes,
      join: (held) => this.#joinAll(held),
      onEarly: (records, reason) => this.metrics.early(records, reason),
    });
    this.metrics.observeHeld(this.#held, this.#outbox);
  }

  /** Whether a batch has flows. */
  static has(batch: Batch): boolean {
    if (batch.signal !== 'logs') return false;
    let isFound = false;
    batch.editItemBytes({
      edit: (item) => {
        isFound ||= isEventOfName(item, EVENT);
      },
    });
    return isFound;
  }

  /**
   * Takes a batch over: what this returns is the answer to its sender. Where flows need not wait, that is what becomes of the
   * batch.
   *
   * @throws RetryableError ENRICH_FULL while neither more flows may wait nor those that wait can be handed on
   */
  consume(batch: Batch): void | Promise<void> {
    const isIdle = this.#held.isIdle;
    const held = { batch, flows: this.#join.note(batch) };
    if (isIdle) {
      this.#joinAll(held);
      return this.#next.consume(batch);
    }
    if (this.#held.take(held)) return undefined;
    throw new RetryableError(
      'ENRICH_FULL',
      `${this.#id}: ${this.#held.records} records wait and the next component does not take them ` +
        '(flows::max_held_records, flows::max_held_bytes). Send the data again later.',
      { delayMs: FULL_DELAY_MS },
    );
  }

  /** Joins and hands on what waits. When `signal` aborts, what was not taken is dropped and counted. */
  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#held.close();
    await this.#outbox.close(signal);
  }

  #joinAll({ batch, flows }: HeldBatch): void {
    this.#join.join(batch, flows);
    if (flows.includes(undefined)) this.#resources.join(batch, isOfFlows);
  }
}

/** A host's flows say nothing of who sent them: their resource stays as it is. */
function isOfFlows(group: ResourceGroup): boolean {
  return group.records().some((record) => record.kindOf === 'log' && record.eventName === EVENT_NETWORK_FLOW);
}
