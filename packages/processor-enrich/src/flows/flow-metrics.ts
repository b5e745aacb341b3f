import type { ComponentTelemetry, Counter } from '@tributary/core';
import { MATCHES, type Match } from '../end-facts.ts';
import type { PeerSockets } from './peer-sockets.ts';
import { SIDES, type Side } from './sides.ts';

/** Why flows were joined before their time. */
export type EarlyReason = 'full' | 'timeout' | 'shutdown';

/** What the join of flows counts. */
export class FlowMetrics {
  readonly #telemetry: ComponentTelemetry;
  readonly #ends: Readonly<Record<Side, Readonly<Record<Match, Counter>>>>;

  constructor(telemetry: ComponentTelemetry) {
    this.#telemetry = telemetry;
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
