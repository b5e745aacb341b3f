import type { Signal } from '@tributary/core';

/** How OTLP calls the parts of each signal's service. */
export interface Service {
  /** What is appended to `endpoint` over HTTP. */
  readonly httpPath: string;
  /** The path of the gRPC method. */
  readonly grpcPath: string;
  /** The JSON name of the number of refused items in `partial_success`; in protobuf it is field 1 for every signal. */
  readonly rejectedField: string;
}

/** https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto/collector */
export const SERVICES: Readonly<Record<Signal, Service>> = {
  traces: {
    httpPath: '/v1/traces',
    grpcPath: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    rejectedField: 'rejectedSpans',
  },
  metrics: {
    httpPath: '/v1/metrics',
    grpcPath: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    rejectedField: 'rejectedDataPoints',
  },
  logs: {
    httpPath: '/v1/logs',
    grpcPath: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    rejectedField: 'rejectedLogRecords',
  },
};
