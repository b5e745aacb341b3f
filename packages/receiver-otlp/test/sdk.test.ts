/**
 * The official OpenTelemetry SDK for JavaScript and its exporters as clients: what arrives is compared whole with
 * testdata/sdk, which shows as OTLP/JSON what is recorded here. `UPDATE=1` writes it; its diff is reviewed like code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { batchJson } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { type Started, startReceiver } from './start-receiver.ts';

const resource = resourceFromAttributes({ 'service.name': 'shop', 'process.pid': 4711 });
const TIME_MS = 1_700_000_000_123;

const TRANSPORTS = ['grpc', 'http/protobuf', 'http/json'] as const;
type Transport = (typeof TRANSPORTS)[number];

const CASES = TRANSPORTS.flatMap((transport) => [
  { transport, compression: 'none' },
  { transport, compression: 'gzip' },
]);

/** The exporter of one signal, by its transport. `compression` is one of the SDK's own words. */
function exporterOf<Exporter>(
  exporters: Readonly<Record<Transport, new (config: never) => Exporter>>,
  { transport, compression }: { readonly transport: Transport; readonly compression: string },
  signal: string,
  { httpPort, grpcPort }: Started,
): Exporter {
  const url =
    transport === 'grpc' ? `http://127.0.0.1:${grpcPort}` : `http://127.0.0.1:${httpPort}/v1/${signal}`;
  return new exporters[transport]({ url, compression } as never);
}

/** Compares the one batch that came with what is kept of its signal, and how it came. */
function expectReceived({ sink }: Started, transport: string): void {
  const [batch, ...more] = sink.batches;
  if (batch === undefined) throw new Error('nothing came');
  const url = new URL(`../testdata/sdk/${batch.signal}.json`, import.meta.url);
  const json = withoutTimes(batchJson(batch));
  if (process.env['UPDATE'] === '1') writeFileSync(url, `${JSON.stringify(json, null, 2)}\n`);
  const expected: unknown = JSON.parse(readFileSync(url, 'utf8'));
  expect({ json, transport: batch.meta.transport, more }).toEqual({ json: expected, transport, more: [] });
}

describe.each(CASES)('$transport with $compression compression', (one) => {
  const transport = one.transport === 'grpc' ? 'grpc' : 'http';

  it('delivers traces', async () => {
    const started = await startReceiver();
    const exporters = {
      grpc: GrpcTraceExporter,
      'http/protobuf': ProtoTraceExporter,
      'http/json': JsonTraceExporter,
    };
    const exporter = exporterOf(exporters, one, 'traces', started);
    let spans = 0;
    const provider = new TracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor({ exporter })],
      idGenerator: {
        generateTraceId: () => '0123456789abcdef0123456789abcdef',
        generateSpanId: () => (++spans).toString(16).padStart(16, '0'),
      },
    });
    const tracer = provider.getTracer('checkout', '1.2.3', { schemaUrl: 'https://example.com/schema' });
    const linked: SpanContext = {
      traceId: 'ffffffffffffffffffffffffffffffff',
      spanId: 'eeeeeeeeeeeeeeee',
      traceFlags: TraceFlags.SAMPLED,
    };
    const root = tracer.startSpan(
      'POST /charge',
      {
        kind: SpanKind.SERVER,
        startTime: TIME_MS,
        links: [{ context: linked, attributes: { why: 'batch' } }],
      },
      ROOT_CONTEXT,
    );
    root.setAttributes({
      text: 'süß',
      number: 42,
      fraction: 0.5,
      yes: true,
      list: ['a', 'b'],
      large: 2 ** 40,
    });
    root.addEvent('retry', { attempt: 2 }, TIME_MS);
    root.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
    const child = tracer.startSpan('db', { startTime: TIME_MS }, trace.setSpan(ROOT_CONTEXT, root));
    child.end(TIME_MS + 500);
    root.end(TIME_MS + 500);
    await provider.forceFlush();
    await provider.shutdown();
    expectReceived(started, transport);
  });

  it('delivers metrics', async () => {
    const started = await startReceiver();
    const exporters = {
      grpc: GrpcMetricExporter,
      'http/protobuf': ProtoMetricExporter,
      'http/json': JsonMetricExporter,
    };
    const exporter = exporterOf<PushMetricExporter>(exporters, one, 'metrics', started);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({
      resource,
      readers: [reader],
      views: [{ instrumentName: 'sizes', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('checkout', '1.2.3');
    meter.createCounter('orders', { unit: '{order}', description: 'Orders.' }).add(3, { region: 'eu' });
    meter.createUpDownCounter('open').add(-2);
    meter.createGauge('load').record(0.25);
    meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: [1, 5] } }).record(3);
    meter.createHistogram('sizes').record(1);
    await provider.forceFlush();
    expectReceived(started, transport);
    await provider.shutdown();
  });

  it('delivers logs', async () => {
    const started = await startReceiver();
    const exporters = {
      grpc: GrpcLogExporter,
      'http/protobuf': ProtoLogExporter,
      'http/json': JsonLogExporter,
    };
    const exporter = exporterOf(exporters, one, 'logs', started);
    const provider = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter })],
    });
    const logger = provider.getLogger('checkout', '1.2.3');
    const spanContext: SpanContext = {
      traceId: '0123456789abcdef0123456789abcdef',
      spanId: '0000000000000001',
      traceFlags: TraceFlags.SAMPLED,
    };
    logger.emit({
      eventName: 'order.placed',
      timestamp: TIME_MS,
      observedTimestamp: TIME_MS + 500,
      severityNumber: 9,
      severityText: 'INFO',
      body: { items: [1, 'two', { three: 3.5 }], raw: new Uint8Array([1, 2, 255]) },
      attributes: { user: 'ä' },
      context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
    });
    await provider.forceFlush();
    await provider.shutdown();
    expectReceived(started, transport);
  });
});

/** The times at which metrics are collected are the only ones that a test does not choose. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) =>
      key.endsWith('imeUnixNano') && !String(inner).startsWith(String(TIME_MS).slice(0, 10))
        ? 'when it was collected'
        : inner,
    ),
  );
}
