import type { ComponentTelemetry, Counter } from '@tributary/core';
import { MATCHES, type Match } from '../end-facts.ts';
import type { PeerSockets } from './peer-sockets.ts';
import { SIDES, type Side } from './sides.ts';

/** Why flows were joined before their time. */
export type EarlyReason = (typeof EARLY_REASONS)[number];

const EARLY_REASONS = ['full', 'timeout', 'shutdown'] as const;
const LOSS_REASONS = ['refused', 'shutdown'] as const;

/** What the join of flows counts. */
export class FlowMetrics {
  readonly #telemetry: ComponentTelemetry;
  readonly #ends: Readonly<Record<Side, Readonly<Record<Match, Counter>>>>;

  readonly #early: Readonly<Record<EarlyReason, Counter>>;
  readonly #lost: Readonly<Record<(typeof LOSS_REASONS)[number], Counter>>;

  constructor(telemetry: ComponentTelemetry) {
    this.#telemetry = telemetry;
    this.#early = byReason(EARLY_REASONS, (reason) =>
      telemetry.counter(
        'otelcol_processor_enrich_early_records',
        { description: 'Number of records that did not wait for all facts.', unit: '{record}' },
        { reason },
      ),
    );
    this.#lost = byReason(LOSS_REASONS, (reason) =>
      telemetry.counter(
        'otelcol_processor_enrich_lost_records',
        { description: 'Number of flows that were taken over and could not be handed on.', unit: '{record}' },
        { reason },
      ),
    );
    this.#ends = Object.fromEntries(
      SIDES.map((side) => [
        side,
        Object.fromEntries(
          MATCHES.map((match) => [
            match,
            telemetry.counter(
              'otelcol_processor_enrich_ends',
              { description: 'Number of ends of flows, by how they were found.', unit: '{end}' },
              { end: side, match },
            ),
          ]),
        ),
      ]),
    ) as Record<Side, Record<Match, Counter>>;
  }

  /** An end was found so. */
  matched(side: Side, match: Match): void {
    this.#ends[side][match].add(1);
  }

  /** Records went on without having waited for all facts. */
  early(records: number, reason: EarlyReason): void {
    this.#early[reason].add(records);
  }

  /** Flows were lost. */
  lost(records: number, reason: (typeof LOSS_REASONS)[number]): void {
    this.#lost[reason].add(records);
  }

  /** Tells how many flows wait. */
  observeHeld(
    held: { readonly records: number; readonly bytes: number },
    outbox: { readonly size: number },
  ): void {
    this.#telemetry.gauge(
      'otelcol_processor_enrich_held_records',
      { description: 'Number of flows that wait to be joined or to be handed on.', unit: '{record}' },
      () => held.records + outbox.size,
    );
    this.#telemetry.gauge(
      'otelcol_processor_enrich_held_bytes',
      { description: 'Size of the flows that wait to be joined.', unit: 'By' },
      () => held.bytes,
    );
  }

  /** Tells how many sockets are remembered. */
  observe(peers: PeerSockets): void {
    this.#telemetry.gauge(
      'otelcol_processor_enrich_source_ports',
      { description: 'Number of source ports whose sockets are remembered.', unit: '{port}' },
      () => peers.size,
    );
    this.#telemetry.observableCounter(
      'otelcol_processor_enrich_forgotten_source_ports',
      { description: 'Number of source ports that were forgotten early, for want of room.', unit: '{port}' },
      () => peers.forgotten,
    );
  }
}

function byReason<Reason extends string>(
  reasons: readonly Reason[],
  make: (reason: Reason) => Counter,
): Readonly<Record<Reason, Counter>> {
  return Object.fromEntries(reasons.map((reason) => [reason, make(reason)])) as Record<Reason, Counter>;
}
