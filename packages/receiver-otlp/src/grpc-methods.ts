import { type BatchMeta, SIGNALS, type Signal, type SignalConsumer } from '@tributary/core';
import { GrpcError, type UnaryHandler, type UnaryRequest } from '@tributary/grpc';
import type { Intake } from './intake.ts';
import type { Refusal } from './status.ts';

/** The methods of OTLP's services: https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto/collector */
export const EXPORT_METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

/** A response without `partial_success`: everything was taken. */
const TAKEN = new Uint8Array(0);

/** The methods of the signals that a pipeline takes; the others are not implemented, as in the Collector. */
export function exportMethods(
  signals: SignalConsumer['signals'],
  intake: Intake,
  options: { readonly includeMetadata: boolean },
): ReadonlyMap<string, UnaryHandler> {
  return new Map(
    SIGNALS.filter((signal) => signals.has(signal)).map((signal) => [
      EXPORT_METHODS[signal],
      (request: UnaryRequest) => {
        const refusal = intake.take(
          signal,
          'proto',
          request.message,
          metaOf(request, options.includeMetadata),
        );
        return refusal instanceof Promise ? refusal.then(answer) : answer(refusal);
      },
    ]),
  );
}

function metaOf(request: UnaryRequest, includeMetadata: boolean): BatchMeta {
  const { peerAddress } = request;
  return includeMetadata
    ? { transport: 'grpc', peerAddress, metadata: request.metadata() }
    : { transport: 'grpc', peerAddress };
}

function answer(refusal: Refusal | undefined): Uint8Array {
  if (refusal !== undefined) {
    throw new GrpcError(refusal.status);
  }
  return TAKEN;
}
