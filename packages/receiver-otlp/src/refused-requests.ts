import type { ComponentTelemetry, Counter } from '@tributary/core';
import type { EndReason } from '@tributary/grpc';

/** Why a request was refused before it became data; how many items it held nobody knows. */
export const REFUSAL_REASONS = [
  'malformed',
  'too_large',
  'compression',
  'memory',
  'aborted',
  'shutdown',
] as const;

/** One of the reasons. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Counts one transport's requests that were refused before the pipeline saw them, by reason. */
export class RefusedRequests {
  readonly #counters: Readonly<Record<RefusalReason, Counter>>;

  constructor(telemetry: ComponentTelemetry, transport: 'grpc' | 'http') {
    const counter = (reason: RefusalReason) =>
      telemetry.counter(
        'otelcol_receiver_otlp_refused_requests',
        { description: 'Requests refused before they became data.', unit: '{request}' },
        { transport, reason },
      );
    this.#counters = {
      malformed: counter('malformed'),
      too_large: counter('too_large'),
      compression: counter('compression'),
      memory: counter('memory'),
      aborted: counter('aborted'),
      shutdown: counter('shutdown'),
    };
  }

  count(reason: RefusalReason): void {
    this.#counters[reason].add(1);
  }
}

/** Counts the answers over gRPC that their clients gave no room: what was accepted of those requests may come again. */
export function lostAnswers(telemetry: ComponentTelemetry): () => void {
  let counter: Counter | undefined;
  return () => {
    counter ??= telemetry.counter(
      'otelcol_receiver_otlp_lost_answers',
      { description: 'Answers given up because their clients gave them no room.', unit: '{answer}' },
      { transport: 'grpc' },
    );
    counter.add(1);
  };
}

/**
 * Counts one transport's connections that were ended for what their clients did, by reason; `tls` is a handshake that
 * failed.
 */
export function endedConnections(
  telemetry: ComponentTelemetry,
  transport: 'grpc' | 'http',
): (reason: EndReason | 'tls') => void {
  const counters = new Map<EndReason | 'tls', Counter>();
  return (reason) => {
    let counter = counters.get(reason);
    if (counter === undefined) {
      counter = telemetry.counter(
        'otelcol_receiver_otlp_ended_connections',
        { description: 'Connections ended for what their clients did.', unit: '{connection}' },
        { transport, reason },
      );
      counters.set(reason, counter);
    }
    counter.add(1);
  };
}
